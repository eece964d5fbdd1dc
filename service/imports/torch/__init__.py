"""Models of PyTorch: a `.pt2` file of `torch.export.save`, or a model on the user's machine.

Both are one program of ATen's operations in JSON, which one walk reads: of files in the service, where there is no
PyTorch and nothing is unpickled, and of models where PyTorch is.
"""

from service.imports.torch.file import read
from service.imports.torch.model import imported, specification

__all__ = ["imported", "read", "specification"]
