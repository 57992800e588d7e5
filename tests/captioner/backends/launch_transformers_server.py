"""`transformers serve`, run as a program by `serving.py`, also beside a foreign torchvision.

Where torchvision was built for another torch its decoder of pictures is missing, and the server
would answer every picture with 500. Pillow then decodes instead; all else is the server's own.
"""

import io
import sys
from typing import Any

from schemas.vision_imports import ready_vision


def _decode_with_pillow(data: Any, **_: Any) -> Any:
    import torch
    from PIL import Image
    from torchvision.transforms.functional import pil_to_tensor

    source = io.BytesIO(bytes(data.numpy())) if isinstance(data, torch.Tensor) else data
    return pil_to_tensor(Image.open(source).convert("RGB"))


if __name__ == "__main__":
    if ready_vision():
        import torchvision.io

        torchvision.io.decode_image = _decode_with_pillow
    from transformers.cli.transformers import main

    sys.argv = ["transformers", "serve", *sys.argv[1:]]
    main()
