from . import _testing as _testing
from . import io as io
from . import metrics as metrics
from . import models as models
from . import objectives as objectives
from . import text as text
from . import train as train

__version__: str

class Error(Exception):
    exit_code: int
