"""The rating pages over HTTP: a secret link opens one rater's pages, and there is nothing else.

    GET  /r/<secret>/                          the open page, or the end
    POST /r/<secret>/                          an answer, or with `do`: undo, reference, rows (more of them)
    GET  /r/<secret>/image/<position>/<k>.png  image k of the case at a position; ?slice= &lo= &hi=
    GET  /r/<secret>/view/<position>/<k>       the same with a form, for browsers without scripts
    GET  /r/<secret>/rate.css, rate.js

Everything else, a wrong secret too, gives the same 404. The secret in the address is what a forged post would lack; a post that a
browser says comes from another site is refused as well. No page names a system, a file or the sample.
"""

from __future__ import annotations

import hmac
import logging
import math
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from radbench.errors import DataTermsError, RadbenchError
from radbench.extras import need
from radbench.ratings.studies.answers import CHOICES, SIGNIFICANCES, AnswerError, Fields, n_rows, to_fields
from radbench.ratings.studies.desk import Desk, Shown
from radbench.ratings.studies.images import Images
from radbench.ratings.studies.store import Store
from radbench.ratings.studies.study import Study, StudyFolder
from radbench.sample import Media
from radbench.terms import Access, is_local

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)

_MOST_BYTES: Final = 1 << 18  # of a posted form
_PURPOSE: Final = "radbench rate serve"
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]  # all get the same 404
_STATIC: Final = {"rate.css": "text/css; charset=utf-8", "rate.js": "text/javascript; charset=utf-8"}
_HTML: Final = "text/html; charset=utf-8"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}
_ANSWERED: Final = "This page was answered before, perhaps in another window. The first answer stands; undo takes it back."


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as the pages care."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    is_foreign: bool = False  # a browser says that another site sent it


@dataclass(frozen=True, slots=True)
class Given:
    """What is sent back."""

    body: bytes
    kind: str = _HTML
    status: int = 200
    location: str = ""


_NOT_FOUND: Final = Given(b"Not found.\n", "text/plain; charset=utf-8", 404)


class Pages:
    """The pages of a study; `clock` gives seconds."""

    def __init__(self, folder: StudyFolder, study: Study, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        jinja2 = need("jinja2", extra="rate", purpose=_PURPOSE)
        self._study, self._store, self._clock = study, store, clock
        self._images = Images(folder.media)
        self._digests = {rater: sha256(secret.encode()).digest() for rater, secret in folder.read_links(study).items()}
        self._static = {name: files(__package__).joinpath("pages", name).read_bytes() for name in _STATIC}
        loader = jinja2.PackageLoader(__package__, "pages")
        env = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        self._templates = env

    def answer(self, asked: Asked) -> Given:
        """What a request is answered."""
        parts = asked.path.split("/")
        rater = self._rater(parts[2]) if len(parts) > 3 and parts[:2] == ["", "r"] else None
        given = self._routed(Desk(self._study, self._store, rater), asked, parts[3:]) if rater else None
        return given or _NOT_FOUND

    def _routed(self, desk: Desk, asked: Asked, parts: list[str]) -> Given | None:
        given = None
        match asked.method, parts:
            case "GET", [""]:
                given = self._open(desk, asked.query)
            case "POST", [""] if not asked.is_foreign:
                given = self._post(desk, asked.form)
            case "GET", ["image", position, name] if name.endswith(".png"):
                media = self._media(desk, position, name.removesuffix(".png"))
                given = self._image(media, asked.query) if media else None
            case "GET", ["view", position, k]:
                media = self._media(desk, position, k)
                given = self._viewer(media, position, k, asked.query) if media else None
            case "GET", [name] if name in _STATIC:
                given = Given(self._static[name], _STATIC[name])
        return given

    def _rater(self, secret: str) -> str | None:
        """Whose link this is; every link is compared, in time that does not depend on how far they agree."""
        digest = sha256(secret.encode("utf-8", "replace")).digest()
        found = [rater for rater, known in self._digests.items() if hmac.compare_digest(known, digest)]
        return found[0] if found else None

    def _open(self, desk: Desk, query: Mapping[str, str]) -> Given:
        shown = desk.current()
        said = _ANSWERED if query.get("notice") == "answered" else ""
        if shown is None:
            return self._render("done.html", desk, said=said)
        undone = desk.undone(shown.page.position, shown.page.attempt)
        return self._page(desk, shown, to_fields(undone) if undone else {}, said)

    def _post(self, desk: Desk, form: Fields) -> Given:
        position, attempt = _whole(form.get("position")), _whole(form.get("attempt"))
        shown = desk.at(position or 0, attempt or 0)
        if position is None or attempt is None or shown is None:
            return _home()
        do = form.get("do", "answer")
        if do == "undo":
            desk.undo(position, attempt)
            return _home()
        if do == "reference":
            return self._page(desk, shown, {**form, "reference_seen": "yes"})
        if do == "rows":
            return self._page(desk, shown, form)
        try:
            outcome = desk.submit(position, attempt, form, self._seconds(form))
        except AnswerError as error:
            return self._page(desk, shown, form, str(error), status=422)
        return _home("?notice=answered" if outcome == "answered" else "")

    def _seconds(self, form: Fields) -> float:
        """Time spent on the page: as its script counted it while it was visible, else since it was sent."""
        counted = _number(form.get("seconds"))
        if counted is not None:
            return counted
        sent = _number(form.get("sent"))
        return self._clock() - sent if sent is not None else 0.0

    def _page(self, desk: Desk, shown: Shown, fields: Fields, said: str = "", status: int = 200) -> Given:
        is_seen = desk.study.draft.reference == "always" or fields.get("reference_seen") == "yes"
        images = [self._described(media) for media in shown.case.media]
        sent = fields.get("sent") or f"{self._clock():.3f}"
        more = {
            "fields": defaultdict(str, fields),
            "said": said,
            "is_reference_shown": is_seen,
            "images": images,
            "sent": sent,
            "rows": n_rows(fields),
        }
        return self._render("page.html", desk, status=status, shown=shown, **more)

    def _render(self, template: str, desk: Desk, *, status: int = 200, **more: Any) -> Given:  # noqa: ANN401  # what templates use
        words = {"draft": desk.study.draft, "last": desk.last(), "n_pages": desk.n_pages}
        known = {"significances": SIGNIFICANCES, "choices": CHOICES, **words, **more}
        return Given(self._templates.get_template(template).render(**known).encode(), status=status)

    def _described(self, media: Media) -> dict[str, Any]:
        """What the page says of an image: its kind, slices and window; why it cannot be shown, where it cannot."""
        known = (media.modality, media.view, media.laterality, media.series, media.phase, "prior" if media.is_prior else "")
        about: dict[str, Any] = {"title": " ".join(filter(None, known)) or "image", "view": None}
        try:
            about["view"] = self._images.view(media)
        except RadbenchError as error:
            _log.warning("an image cannot be shown: %s", error)
        return about

    def _media(self, desk: Desk, position: str, k: str) -> Media | None:
        shown = desk.at(_whole(position) or 0)
        number = _whole(k)
        if shown is None or number is None or number >= len(shown.case.media):
            return None
        return shown.case.media[number]

    def _image(self, media: Media, query: Mapping[str, str]) -> Given:
        try:
            drawn = self._images.png(media, _whole(query.get("slice")), _number(query.get("lo")), _number(query.get("hi")))
        except RadbenchError as error:
            _log.warning("an image cannot be shown: %s", error)
            return _NOT_FOUND
        return Given(drawn, "image/png")

    def _viewer(self, media: Media, position: str, k: str, query: Mapping[str, str]) -> Given:
        about = self._described(media)
        asked = {"slice": _whole(query.get("slice")), "lo": _number(query.get("lo")), "hi": _number(query.get("hi"))}
        page = self._templates.get_template("view.html").render(image=about, position=position, k=k, asked=asked)
        return Given(page.encode())


def app(pages: Pages) -> Starlette:
    """The pages as an ASGI application."""
    need("starlette", extra="rate", purpose=_PURPOSE)
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response
    from starlette.routing import Route

    async def endpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return _response(Given(b"Too long.\n", "text/plain; charset=utf-8", 413))
        return _response(await run_in_threadpool(pages.answer, _asked(request, body)))

    def _response(given: Given) -> Response:
        headers = {**_HEADERS, **({"Location": given.location} if given.location else {})}
        return Response(given.body, given.status, headers, given.kind)

    async def failed(request: Request, error: Exception) -> Response:  # noqa: ARG001  # Starlette's signature
        _log.error("a page failed: %s", error if isinstance(error, RadbenchError) else type(error).__name__)
        return _response(Given(b"The answer could not be stored. Tell the owner of the study.\n", "text/plain; charset=utf-8", 500))

    async def not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001  # Starlette's signature
        return _response(_NOT_FOUND)

    routes = [Route("/{path:path}", endpoint, methods=_METHODS)]
    return Starlette(routes=routes, exception_handlers={404: not_found, 405: not_found, RadbenchError: failed, Exception: failed})


def bind(host: str, port: int, access: Access) -> socket.socket:
    """A listening socket; port 0 takes any that is free.

    Raises:
        DataTermsError: the texts are credentialed, and the address is neither of this machine nor of a private network.
    """
    shown = f"[{host}]" if ":" in host else host
    if access == "credentialed" and not is_local(f"http://{shown}"):
        raise DataTermsError(
            f"the texts of this study are credentialed, and `{host}` may be reached from outside: name an address of your own network "
            "(127.0.0.1, 10.*, 192.168.*), behind a proxy that speaks TLS where raters sit elsewhere"
        )
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=kind, backlog=128)


def serve(pages: Pages, listening: socket.socket) -> None:
    """Serve until Ctrl-C. Addresses hold secrets: no access is logged."""
    uvicorn = need("uvicorn", extra="rate", purpose=_PURPOSE)
    config = uvicorn.Config(app(pages), log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


def _asked(request: Request, body: bytes) -> Asked:
    query = dict(request.query_params)
    try:
        form = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=5000))
    except ValueError:
        form = {}
    method = "GET" if request.method == "HEAD" else request.method
    return Asked(method, request.scope["path"], query, form, is_foreign=_is_foreign(request))


def _is_foreign(request: Request) -> bool:
    """True if a browser says that a page of another site sent this: by `Sec-Fetch-Site`, or by `Origin` in those without it."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"none", "same-origin"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def _home(query: str = "") -> Given:
    """Back to the open page, by an address relative to the posted one, so that a proxy may serve it below any path."""
    return Given(b"", status=303, location=f"./{query}")


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
