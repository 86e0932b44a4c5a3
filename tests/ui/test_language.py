import ast
import pickle
import re
from string import Formatter
from types import SimpleNamespace

import gradio as gr
import pytest

from assistant.doubts import DOUBTS
from index.read.formats import FORMATS
from index.reasons import TEXTS, reason, reason_from
from ui.language import FOLDER, LANGUAGES, asked_for, label, labelled, preferred, read_catalogue, relabel, texts
from ui.reasons import said, told

UI = FOLDER.parent
OTHERS = [language for language in LANGUAGES if language != "en"]
# Arguments of components and messages whose text a person reads.
READ = {"label", "placeholder", "info", "title", "submit_btn", "stop_btn"}
# Where a component's first argument is read.
FIRST = {"Button", "Tab", "Warning", "Info", "Error", "Markdown", "Accordion", "DownloadButton", "UploadButton"}
# Not yet in the catalogue.
PENDING: set[str] = set()


def keyword_texts(call):
    yield from (each.value for each in call.keywords if each.arg in READ)
    if isinstance(call.func, ast.Attribute) and call.func.attr in FIRST and call.args:
        yield call.args[0]


def hard_coded(tree):
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "gr"
    ]
    found = [text for call in calls for text in keyword_texts(call)]
    return [ast.unparse(each) for each in found if isinstance(each, ast.JoinedStr) or written(each)]


def written(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"[A-Za-z]{2}", node.value)


def names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def keys_used():
    """Every literal key in the code, with ``*`` where a part of it is made."""
    for path in UI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            if isinstance(node, ast.JoinedStr):
                yield "".join(each.value if isinstance(each, ast.Constant) else "*" for each in node.values)


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogues_have_the_same_keys_with_the_same_values(language):
    english, other = read_catalogue(FOLDER / "en"), read_catalogue(FOLDER / language)
    assert english.keys() == other.keys()
    assert {key: names(text) for key, text in english.items()} == {key: names(text) for key, text in other.items()}
    assert {key for key, text in english.items() if not text} == {key for key, text in other.items() if not text}


def test_what_a_component_says_comes_from_the_catalogue():
    found = {
        path.name: hard_coded(ast.parse(path.read_text(encoding="utf-8")))
        for path in UI.glob("*.py")
        if path.name not in PENDING
    }
    assert {name: each for name, each in found.items() if each} == {}


def test_every_text_is_said_somewhere():
    patterns = [re.compile(re.escape(key).replace(r"\*", r"[\w.]+") + r"(\.one|\.other)?") for key in set(keys_used())]
    unused = [key for key in read_catalogue(FOLDER / "en") if not any(each.fullmatch(key) for each in patterns)]
    assert unused == []


def test_every_refusal_of_the_server_has_its_words():
    code = re.compile(r"""(?:_?refus(?:al|e)\(\d+, |BadEvent\(|VoiceError\()"(\w+)\"""")
    sources = [*(UI.parent / "assistant" / "web").glob("*.py"), UI.parent / "assistant" / "voice.py"]
    used = {each for path in sources for each in code.findall(path.read_text(encoding="utf-8"))}
    told = {key.removeprefix("refused.") for key in read_catalogue(FOLDER / "en") if key.startswith("refused.")}
    assert used == told


def test_the_reasons_of_readers_and_doubts_are_said_as_they_are_elsewhere():
    english = read_catalogue(FOLDER / "en")
    known = dict(TEXTS) | {f"damaged_{form.kind}": str(form.damaged("{why}")) for form in FORMATS}
    known |= {f"doubt_{code}": text for code, text in DOUBTS.items()}
    told = {key.removeprefix("reasons."): text for key, text in english.items() if key.startswith("reasons.")}
    kinds = {key.removeprefix("kinds."): text for key, text in english.items() if key.startswith("kinds.")}
    assert kinds == {form.kind: form.label for form in FORMATS}
    assert {key: text for key, text in told.items() if not key.startswith(("upload_", "artifact_"))} == known


def test_a_reason_with_a_code_is_said_in_the_language_of_the_page():
    why = reason_from(reason("large", size=1234.56, most=200).to_json())
    assert why == "is too large (1,234.6 MB, at most 200 MB are read); split it into smaller files"
    assert said(why, texts("en")) == why
    assert said(why, texts("de")).startswith("ist zu groß (1.234,6 MB, höchstens 200 MB")
    assert said("as it came", texts("de")) == said(reason_from("as it came"), texts("de")) == "as it came"
    assert said(pickle.loads(pickle.dumps(why)), texts("de")) == said(why, texts("de"))
    assert said(told("artifact_gone"), texts("de")) == "Diese Datei ist nicht mehr da."


def test_counts_and_numbers_are_written_as_the_language_writes_them():
    english, german = texts("en"), texts("de")
    assert english.count("turn.unsupported", 1).startswith("1 sentence has")
    assert english.count("approval.text", 1234) == "text, 1,234 characters"
    assert german.count("approval.text", 1234) == "Text, 1.234 Zeichen"
    assert (english.number(0.82, 2), german.number(0.82, 2)) == ("0.82", "0,82")
    assert (english.size(999), german.size(2_500_000)) == ("1 kB", "2,5 MB")


def test_the_language_is_what_was_chosen_else_what_the_browser_asks_for():
    assert asked_for("fr-CH, de;q=0.9, en;q=0.8") == "de"
    assert asked_for("") == asked_for("fr") == "en"
    assert preferred(request("de-AT,de")) == "de"
    assert preferred(request("de-AT,de", language="en")) == "en"
    assert preferred(request("de-AT,de", language="../en")) == "de"
    assert texts("xx").language == "en"


def test_a_choice_against_the_browser_gives_every_component_its_words():
    button = gr.Button(label("history.new"), render=False)
    components = labelled(SimpleNamespace(blocks={1: button, 2: gr.HTML("", render=False)}))
    assert components == {button: {"value": "history.new"}}
    assert relabel(components, request("de")) == [gr.skip()]
    assert relabel(components, request("de", language="en"))[0]["value"] == "+  New conversation"


def test_a_label_that_there_is_not_is_an_error():
    with pytest.raises(KeyError):
        label("chat.nothing")


def request(accept, **cookies):
    return SimpleNamespace(headers={"accept-language": accept}, cookies=cookies)
