"""Random data of any size: how long one example takes says nothing on a busy machine."""

from hypothesis import settings

settings.register_profile("evaluate", deadline=None)
settings.load_profile("evaluate")
