"""The one decode pass: pixels become per-frame signals, sampled frames and signatures."""
