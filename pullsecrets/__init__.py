"""Which registry credentials the kubelet uses for an image, in which order, and why.

>>> from pullsecrets import Image
>>> Image.parse("nginx").name
'docker.io/library/nginx'
"""

# The public names are in the stub next to this file. Each brings its module when it is first used,
# so that ``import pullsecrets`` is light.
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
