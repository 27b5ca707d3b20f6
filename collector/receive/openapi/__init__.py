"""The OpenAPI 3.1 document and the page at `/docs`, both made from the table of routes: they cannot disagree with it.

`schemas` says what bodies look like, `content` which content types carry them, `document` and `page` tell it.
"""

from collector.receive.openapi.document import document
from collector.receive.openapi.page import page

__all__ = ["document", "page"]
