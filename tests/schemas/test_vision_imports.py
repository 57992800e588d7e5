import subprocess
import sys
import textwrap
from types import ModuleType

import pytest

from schemas import vision_imports
from schemas.errors import UserError


def run(code: str) -> str:
    """Run code in an interpreter of its own: what is imported cannot be undone."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.timeout(900)
def test_vision_imports_work_and_are_ready_twice() -> None:
    printed = run(
        """
        from schemas.vision_imports import ready_vision
        first, second = ready_vision(), ready_vision()
        import open_clip
        from transformers import Qwen3VLVideoProcessor
        Qwen3VLVideoProcessor()
        print(first == second)
        """
    )
    assert printed == "True"


def test_importing_the_module_imports_nothing_heavy() -> None:
    printed = run(
        """
        import sys
        import schemas.vision_imports
        print([name for name in ("torch", "torchvision", "transformers") if name in sys.modules])
        """
    )
    assert printed == "[]"


def test_a_cured_import_survives_an_earlier_failed_one() -> None:
    run(
        """
        try:
            import torchvision
        except RuntimeError:
            pass
        from schemas.vision_imports import ready_vision
        ready_vision()
        import torchvision.ops, torchvision.transforms.v2
        """
    )


@pytest.mark.parametrize("error", [ImportError("No module named 'torchvision'"), RuntimeError("x")])
def test_what_cannot_be_cured_is_a_user_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(name: str) -> ModuleType:
        raise error

    monkeypatch.setattr(vision_imports.importlib, "import_module", fail)
    with pytest.raises(UserError, match="torchvision cannot be imported") as caught:
        vision_imports.ready_vision()
    assert "install" in caught.value.hint


def test_torchvision_may_be_missing_where_it_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(vision_imports.importlib, "import_module", fail)
    vision_imports.ready_vision(is_needed=False)
    with pytest.raises(UserError, match="torchvision cannot be imported"):
        vision_imports.ready_vision()
