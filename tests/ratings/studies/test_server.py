"""The pages over plain HTTP: what a link opens, and what it does not."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from rating_studies import ANSWERS, SYSTEMS, answer_all

from radbench.errors import DataTermsError
from radbench.ratings.studies.export import Opened
from radbench.ratings.studies.server import Asked, Given, Pages, app, bind

uvicorn = pytest.importorskip("uvicorn", reason="the pages need the extra `rate`")


@dataclass
class Web:
    """A browser without scripts, cookies or memory."""

    port: int
    links: Mapping[str, str]

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, urlencode(form) if form is not None else None, given)
            reply = connection.getresponse()
            body = reply.read().decode("utf-8", "replace")
            return reply.status, {k.lower(): v for k, v in reply.getheaders() if k.lower() != "date"}, body
        finally:
            connection.close()

    def home(self, rater: str = "r1") -> str:
        return f"/r/{self.links[rater]}/"

    def page(self, rater: str = "r1") -> str:
        status, _, body = self.ask("GET", self.home(rater))
        assert status == 200
        return body

    def post(self, rater: str = "r1", **form: str) -> tuple[int, dict[str, str], str]:
        return self.ask("POST", self.home(rater), form)


class Switch:
    """Pages in front of which others can be put: one server for all tests, since its start and end take long."""

    pages: Pages | None = None
    port = 0

    def answer(self, asked: Asked) -> Given:
        assert self.pages is not None
        return self.pages.answer(asked)


SWITCH = Switch()


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    listening = bind("127.0.0.1", 0, "open")
    SWITCH.port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app(SWITCH), log_level="warning", access_log=False, server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield
    server.should_exit = True
    thread.join()
    listening.close()


@contextmanager
def serving(opened: Opened) -> Iterator[Web]:
    SWITCH.pages = Pages(opened.folder, opened.study, opened.store)
    yield Web(SWITCH.port, opened.folder.read_links(opened.study))
    SWITCH.pages = None


@pytest.fixture
def web(laid) -> Iterator[Web]:
    with serving(laid()) as found:
        yield found


def first(page: str) -> dict[str, str]:
    """The hidden fields of a page that say which one it is."""
    return {name: re.search(f'name="{name}" value="([^"]*)"', page[page.index('id="answer"') :])[1] for name in ("position", "attempt")}


def test_an_answer_is_stored_and_the_next_page_follows(laid):
    opened = laid()
    with serving(opened) as web:
        status, headers, _ = web.post(**first(web.page()), **ANSWERS["errors"], seconds="7.25")
        assert (status, headers["location"]) == (303, "./")
        assert first(web.page())["position"] == "2"
    (record,) = opened.store.answers()
    assert (record.rater, record.position, record.seconds) == ("r1", 1, 7.25)
    assert record.answer["errors"]["omission_finding"] == {"significant": 2, "insignificant": 0}


def test_a_page_sent_twice_is_stored_once(laid):
    opened = laid()
    with serving(opened) as web:
        form = {**first(web.page()), **ANSWERS["errors"]}
        assert [web.post(**form)[1]["location"] for _ in range(2)] == ["./", "./"]
        other = {**form, "count.omission_finding.significant": "5"}
        assert web.post(**other)[1]["location"] == "./?notice=answered"
    assert len(opened.store.history()) == 1


def test_a_wrong_link_is_answered_like_any_unknown_address(web):
    unknown = web.ask("GET", "/anything")
    assert unknown[0] == 404
    secret = web.links["r1"]
    for path in (
        *("/", "/r", "/r/", f"/r/{secret}", f"/r/{secret[:-1]}/", f"/r/{secret}x/", f"/r/{'0' * 43}/", "/r//", "/study.json", "/docs"),
        *(
            f"/r/{secret}/../",
            f"/r/{secret}/nothing",
            f"/r/{secret}/../../key.json",
            f"/r/{secret}/image/1/0.png",
            f"/r/{secret}/image/99/0.png",
        ),
        *(f"/r/{secret}/%2e%2e/key.json", f"/r/{secret}/image/../../key.json", f"/r/{secret}/rate.css/", "/r/%00/"),
    ):
        assert web.ask("GET", path) == unknown, path
    assert web.ask("PUT", f"/r/{secret}/") == unknown
    assert web.ask("POST", f"/r/{'0' * 43}/", {}) == unknown


def test_a_link_opens_that_raters_pages_alone(laid):
    opened = laid(overlap=0.0)
    answer_all(opened, "r2")
    with serving(opened) as web:
        for path in (f"/r/{web.links['r1']}/r2/", f"/r/{web.links['r1']}/?rater=r2", f"/r2/{web.links['r1']}/"):
            status, _, body = web.ask("GET", path)
            assert status == 404 or "page 1 of" in body
        web.ask("POST", web.home("r1"), {**first(web.page("r1")), **ANSWERS["errors"], "rater": "r2"})
        assert "All 6 pages" in web.page("r2")
    assert [record.rater for record in opened.store.answers("r1")] == ["r1"]
    shown = {showing.item for showing in opened.study.orders["r1"]} & {showing.item for showing in opened.study.orders["r2"]}
    assert not shown


def test_every_answer_forbids_caching_and_tells_no_one_where_it_was(web):
    for path in (web.home(), "/nothing", f"{web.home()}rate.js"):
        _, headers, _ = web.ask("GET", path)
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert not {"set-cookie", "server", "access-control-allow-origin"} & set(headers)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_post_from_another_site_is_refused(laid, site):
    opened = laid()
    with serving(opened) as web:
        form = {**first(web.page()), **ANSWERS["errors"]}
        assert web.ask("POST", web.home(), form, Sec_Fetch_Site=site)[0] == 404
        assert opened.store.answers() == []
        assert web.ask("POST", web.home(), form, Sec_Fetch_Site="same-origin")[0] == 303


@pytest.mark.parametrize("mode", ["ordinal", "errors", "ab", "spans"])
def test_no_page_names_a_system_a_sample_or_a_file(laid, mode):
    opened = laid(mode, controls={"reference": 1, "shuffled": 1})
    hidden = (*SYSTEMS, "control", "demo.report", ".sqlite", *(case.sample + '"' for case in opened.study.cases))
    with serving(opened) as web:
        for _ in opened.study.orders["r1"]:
            page = web.page()
            assert not [name for name in hidden if name in page]
            assert web.post(**first(page), **fitting(opened))[0] == 303
        assert "Thank you" in web.page()


def fitting(opened: Opened) -> dict[str, str]:
    """An answer that every page takes, a control's too."""
    return (
        {"span.0.category": "omission_finding", "span.0.significance": "significant"}
        if opened.study.draft.mode == "spans"
        else ANSWERS[opened.study.draft.mode]
    )


def test_texts_are_escaped(web):
    page = web.page()

    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "Pain &amp; &lt;i&gt;" in page


def test_an_incomplete_answer_comes_back_with_a_remark_and_what_was_filled_in(laid):
    opened = laid("ab")
    with serving(opened) as web:
        status, _, body = web.post(**first(web.page()), **{"choice.preference": "right"})
    assert status == 422
    assert "say by how much: slightly or clearly" in body
    assert re.search(r'value="right" data-key="b" checked', body)
    assert opened.store.answers() == []


def test_undo_opens_the_last_page_again_with_its_answer_filled_in(laid):
    opened = laid("ordinal")
    with serving(opened) as web:
        web.post(**first(web.page()), **{"score.quality": "2"})
        undo = {"position": "1", "attempt": "0", "do": "undo"}
        assert [web.post(**undo)[0] for _ in range(2)] == [303, 303]
        page = web.page()
        assert first(page) == {"position": "1", "attempt": "1"}
        assert re.search(r'value="2" data-key="2" checked', page)
        web.post(**first(page), **{"score.quality": "5"})
    assert [record.answer["scores"]["quality"] for record in opened.store.answers()] == [5]
    assert [record.kind for record in opened.store.history()] == ["answer", "undo", "answer"]


def test_the_reference_is_hidden_until_asked_for_and_that_is_kept(laid):
    opened = laid("ordinal", reference="asked")
    with serving(opened) as web:
        page = web.page()
        assert "Reference of case" not in page
        web.post(**first(page), **{"score.quality": "2"})
        page = web.page()
        status, _, shown = web.post(**first(page), **{"score.quality": "4", "do": "reference"})
        assert status == 200
        assert "Reference of case" in shown
        assert re.search(r'value="4" data-key="4" checked', shown)
        web.post(**first(shown), **{"score.quality": "4", "reference_seen": "yes"})
    assert [record.answer["reference_seen"] for record in opened.store.answers()] == [False, True]


def test_a_reference_that_is_never_shown_is_on_no_page(laid):
    with serving(laid(reference="never")) as web:
        page = web.page()
        assert "Reference of case" not in page + web.post(**first(page), do="reference")[2]


def test_spans_get_more_rows_when_asked(laid):
    with serving(laid("spans")) as web:
        page = web.page()
        filled = {f"span.{i}.words": "heart" for i in range(4)}
        more = web.post(**first(page), **filled, do="rows")[2]
    assert page.count('class="span"') == 4
    assert more.count('class="span"') == 8
    assert more.count('value="heart"') == 4


def test_rating_goes_on_where_it_was_left_when_the_server_comes_back(laid):
    opened = laid()
    for position in (1, 2):
        with serving(opened) as web:
            page = web.page()
            assert first(page)["position"] == str(position)
            web.post(**first(page), **ANSWERS["errors"])


def test_a_form_that_is_too_long_or_no_text_is_refused(web):
    assert web.ask("POST", web.home(), {"x": "y" * 300_000})[0] == 413
    assert web.post(position="1", attempt="9999999999999999")[0] == 303
    assert web.post(position="one")[0] == 303
    assert first(web.page()) == {"position": "1", "attempt": "0"}


def test_time_without_scripts_is_that_since_the_page_was_sent(laid):
    opened = laid()
    now = 1000.0
    pages = Pages(opened.folder, opened.study, opened.store, clock=lambda: now)
    home = f"/r/{opened.folder.read_links(opened.study)['r1']}/"
    sent = re.search(r'name="sent" value="([^"]*)"', pages.answer(Asked("GET", home)).body.decode())[1]
    now = 1030.5
    pages.answer(Asked("POST", home, form={"position": "1", "attempt": "0", "sent": sent, "seconds": ""}))

    assert opened.store.answers()[0].seconds == 30.5


def test_credentialed_texts_are_served_inside_alone():
    with pytest.raises(DataTermsError, match=r"credentialed, and `0.0.0.0` may be reached from outside"):
        bind("0.0.0.0", 0, "credentialed")
    bind("127.0.0.1", 0, "credentialed").close()
