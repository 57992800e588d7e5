"""Fine-tuning a model of the hub: what it is shown, what is trained, what is kept."""
