"""Reads what is asked of the robot: commands with an arm, and questions about its table.

The robot's tools take things and places in the person's own words, so that only the command and its parts have to be
found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant.engines.builtin import robot_words as words
from assistant.engines.builtin.steps import Call

Step = dict[str, Any]

PICK = (
    r"(?:pick up|pick|grab|grasp|lift up|lift|take hold of|get hold of|take|seize|fetch|get|raise|collect|hold|grip"
    r"|catch|remove|snatch|hand|pass)(?: me)?"
)
PUT = (
    r"(?:put|place|set|lay|drop off|drop|deposit|stack|store|move|bring|transfer|carry|return|stick|pile|rest|throw"
    r"|toss|take|relocate|insert|position|leave|get)"
)
WISH = r"i(?:'d| would) (?:like|love|prefer)|i (?:want|need)"
PUSH = r"(?:push|shove|nudge|slide|move|shift|sweep|poke|drag|pull|scoot|press)"
INTO = r"(?:push|shove|nudge|slide|sweep|poke|knock)"
TURN = r"(?:turn|rotate|spin|twist|swivel|pivot)"
DRIVE = r"(?:move|drive|send|bring|take|position|hover|put|raise|lower|lift|park|return|get)"
RELEASE = r"(?:put down|set down|lay down|release|let go of|drop|place|unload)"
HOME = r"(?:its |the |your )?(?:home|rest|resting|starting|start|initial|parking)(?: (?:position|pose|posture|place))?"
LEAD = re.compile(
    r"^(?:(?:please|kindly|now|then|next|finally|first|ok|okay|hey|robot|and|can you|could you|would you|will you"
    r"|(?:let|make|have|tell|ask|use) the (?:robot|arm)(?: to)?|with the (?:robot|arm|gripper)|i want you to"
    r"|i'd like you to|i would like you to|i want the robot to|i need you to|let us|let's|go and|try to)[\s,]+)+",
    re.I,
)
TRAIL = re.compile(
    r"(?:[\s,]+(?:please|(?:right )?now|right away|immediately|at once|again|for me|thanks|thank you"
    r"|(?:with|using) (?:the|your) (?:arm|gripper|robot|hand)))+$",
    re.I,
)
PART = re.compile(
    r"\s*(?:[,;.]?\s*(?:and )?(?:then|after that|afterwards|finally|next)\b,?|[,;.](?:\s+and)?|\band\b)\s+", re.I
)
MAX_PARTS = 10
STACK = re.compile(
    r"(?:stack|pile)(?: up)? (?:the |two |both |some |all |of )*(?P<what>block|cube)s"
    r"(?: (?:up|on top of (?:each other|one another)|on each other))?"
    r"|(?:stack|put|place|set) (?:one|a)(?: of the)? (?P<one>block|cube)s? (?:on top of|onto|on) "
    r"(?:another|the other)(?: one| block| cube)?"
)
UNSTACK = re.compile(r"(?:unstack|take apart|dismantle)(?: the)? (?P<what>blocks?|cubes?|stack|tower)(?: of \w+)?")
LOOK = re.compile(
    r"(?:what(?:'s| is| are| can you see| do you see| lies| stands)(?: there| the things| the objects)?(?: lying)? on "
    r"(?:the |your )?(?:table|desk|robot's table)"
    r"|(?:look at|show me|show|take a (?:picture|photo|look) (?:of|at)) (?:the |your )?"
    r"(?:table|desk|robot|scene|arm|workspace|robot's table)(?: (?:from (?:the )?|with the )"
    r"(?P<from>top|above|side|front|gripper)(?: camera)?)?"
    r"|look around|(?:show me )?what (?:(?:do|can) you see|(?:the robot|you) (?:can )?sees?)"
    r"|describe (?:the )?(?:scene|table)|where is (?:the )?(?P<what>[a-z ]+))",
    re.I,
)
STOP = re.compile(
    r"(?:stop|halt|freeze|emergency stop|stop moving)(?: (?:(?:the |your )?(?:robot|arm|gripper|moving)|it|that))?",
    re.I,
)
RESET = re.compile(
    r"(?:start|begin)(?: over| again| afresh)? with (?:the |your )?(?:robot|table|scene)(?: as it was)?"
    r"|reset everything"
    r"|(?:put|set) everything back(?: (?:to|in|into|at) (?:the |its |their )?(?:beginning|start|places?))?"
    r"|(?:reset|restart|start again with|set up|load|switch to|change to|use) (?:the )?(?:robot(?:'s)?(?: table)?|arm"
    r"|table|scene|world|simulat\w+|workspace|(?P<scene>[a-z0-9][\w-]*) scene)(?: to the (?P<other>[\w-]+) scene)?",
    re.I,
)
REPLAY = re.compile(
    r"(?:replay|play back|film|show me again|show again) (?:everything |all )?(?:that |what )?(?:the )?(?:robot|arm)"
    r"(?:'s actions| has done| did| just did)?(?: so far| again)?",
    re.I,
)
TOOLS: dict[str, tuple[str, dict[str, str]]] = {
    "pick": ("robot_pick", {"object": "object"}),
    "place": ("robot_place", {"to": "where", "object": "object"}),
    "push": ("robot_push", {"object": "object", "to": "to", "amount": "distance"}),
    "turn": ("robot_turn", {"object": "object", "to": "direction", "amount": "degrees"}),
    "open": ("robot_open", {"object": "what"}),
    "close": ("robot_close", {"object": "what"}),
    "switch": ("robot_switch", {"object": "what", "on": "on"}),
    "home": ("robot_home", {}),
    "move": ("robot_move", {"to": "to", "amount": "distance"}),
}
PLAN = "robot_plan"
OTHERS = ("robot_look", "robot_stop", "robot_reset", "robot_replay")
NAMES = frozenset((*(name for name, _ in TOOLS.values()), PLAN, *OTHERS))


def commanded(request: str, tools: Mapping[str, Any]) -> Call | None:
    """Returns the call that a request to the robot is, None where it is none.

    Args:
        request: What the person typed.
        tools: The offered tools' ``function`` objects, by name.
    """
    if "robot_pick" not in tools:
        return None
    call = _call(steps) if (steps := steps_in(request)) else _other(_plain(request))
    return call if call and call.tool in tools else None


def steps_in(request: str) -> list[Step] | None:
    """Returns the commands to the robot that a request consists of, None where it is anything else."""
    text = _plain(request)
    if found := _commands(text):
        return found
    parts = [part for part in PART.split(text) if part]
    if not 1 < len(parts) <= MAX_PARTS:
        return None
    steps: list[Step] = []
    for part in parts:
        found = _commands(_plain(part)) or _same_verb(parts[0], part)
        if not found:
            return None
        steps += found
    return steps


def _plain(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" .!?")
    return TRAIL.sub("", LEAD.sub("", text)).strip(" .!?,").lower()


def _commands(text: str) -> list[Step] | None:
    """The steps of one clause: stacking takes two."""
    if found := STACK.fullmatch(text):
        what = found["what"] or found["one"]
        return [{"skill": "pick", "object": what}, {"skill": "place", "to": f"on another {what}"}]
    if found := UNSTACK.fullmatch(text):
        what = found["what"].rstrip("s") if found["what"][:4] in ("bloc", "cube") else "thing"
        return [{"skill": "pick", "object": f"top {what}"}, {"skill": "place", "to": "on the table"}]
    for read in READERS:
        if step := read(text):
            return [step]
    return None


def _same_verb(first: str, part: str) -> list[Step] | None:
    """The second of "put the red cube on the plate and the green one in the bin"."""
    verb = re.match(rf"{PUT}\b|{PUSH}\b|{TURN}\b|{PICK}\b", _plain(first))
    return _commands(f"{verb[0]} {_plain(part)}") if verb else None


def _switch(text: str) -> Step | None:
    found = re.fullmatch(
        r"(?:turn|switch|put|flip) (?:(?P<on>on|off) (?P<what>.+)|(?P<named>.+) (?P<state>on|off))"
        r"|(?P<verb>light up|illuminate|extinguish|put out|activate|deactivate) (?P<lit>.+)"
        r"|(?P<alone>.+) (?P<so>on|off)|(?:press|flip|toggle|push|hit|use) (?P<pressed>.+)",
        text,
    )
    if found and (pressed := found["pressed"]):
        return {"skill": "switch", "object": pressed} if words.bare(pressed)[-1:] in (["switch"], ["button"]) else None
    if not found or not words.is_light(what := found["what"] or found["named"] or found["lit"] or found["alone"]):
        return None
    said = found["on"] or found["state"] or found["verb"] or found["so"]
    return {"skill": "switch", "object": what, "on": said in ON_WORDS}


ON_WORDS = ("on", "light up", "illuminate", "activate")


LET_GO = re.compile(r"let (?:it |them )?go|release|(?:release|loosen) (?:the |your )?(?:grip|hold)")


def _open(text: str) -> Step | None:
    found = re.fullmatch(
        r"(?:open up|open|pull open|pull out|slide open) (?P<what>.+?)(?: (?:fully|up|wide|all the way|completely))?"
        r"|(?:pull|slide) (?P<named>.+) (?:open|out)",
        text,
    )
    if LET_GO.fullmatch(text):
        return {"skill": "open", "object": "gripper"}
    return _opened("open", (found["what"] or found["named"]) if found else "")


def _close(text: str) -> Step | None:
    found = re.fullmatch(
        r"(?:close|shut|push shut|push in|slide shut) (?P<what>.+?)(?: (?:fully|all the way|completely))?"
        r"|(?:push|pull|slide) (?P<named>.+) (?:shut|closed|in)",
        text,
    )
    return _opened("close", (found["what"] or found["named"]) if found else "")


def _opened(skill: str, what: str) -> Step | None:
    if words.is_arm(what):
        return {"skill": skill, "object": "gripper"}
    return {"skill": skill, "object": what} if words.is_openable(what) else None


def _home(text: str) -> Step | None:
    found = re.fullmatch(
        rf"(?:go|return|move|drive|come|retreat|get)(?: back)?(?: to)? {HOME}"
        rf"|{DRIVE} (?P<arm>.+?)(?: back)?(?: (?:to|in|into|at))? {HOME}|(?:park|home|rest|retract) (?P<parked>.+)",
        text,
    )
    arm = (found["arm"] or found["parked"]) if found else None
    return {"skill": "home"} if found and (arm is None or words.is_arm(arm)) else None


def _move(text: str) -> Step | None:
    text, amount = words.amount_in(text)
    if (alone := re.fullmatch(r"(?:move|go|drive) (?P<way>.+)", text)) and (way := words.way_of(alone["way"])):
        return _with({"skill": "move", "to": way}, amount)
    if over := re.fullmatch(r"(?:go|move|hover|fly|drive|come) (?P<where>(?:to|over|above|next to|beside) .+)", text):
        place = words.place_in(over["where"])
        return _with({"skill": "move", "to": place[1]}, amount) if place and not place[0] else None
    found = re.fullmatch(
        rf"{DRIVE} (?P<arm>(?:the |your |its )?[a-z' ]*?(?:arm|gripper|hand|claw|robot)) ?(?P<where>.*)", text
    )
    if not found or not words.is_arm(found["arm"]):
        return None
    where = found["where"]
    if not where and (verb := text.split(" ")[0]) in ("raise", "lift", "lower"):
        return _with({"skill": "move", "to": "down" if verb == "lower" else "up"}, amount)
    if way := words.way_of(where):
        return _with({"skill": "move", "to": way}, amount)
    place = words.place_in(re.sub(r"^(?:right|directly|so that it is) ", "", where))
    return _with({"skill": "move", "to": place[1]}, amount) if place and not place[0] else None


def _push(text: str) -> Step | None:
    text, amount = words.amount_in(text)
    found = re.fullmatch(rf"(?P<verb>{PUSH}) (?P<rest>.+)", text)
    if not found:
        return None
    parts = found["rest"].split(" ")
    for at in range(1, len(parts)):
        what, where = " ".join(parts[:at]), " ".join(parts[at:])
        if _is_object(what) and (way := words.way_of(where)):
            return _with({"skill": "push", "object": what, "to": way}, amount)
    into = re.fullmatch(rf"{INTO} (?P<what>.+?) (?P<where>(?:into|inside|in) .+)", text)
    if into and _is_object(into["what"]) and words.is_thing(into["where"].partition(" ")[2]):
        return {"skill": "push", "object": into["what"], "to": into["where"]}
    return None


def _turn(text: str) -> Step | None:
    text, amount = words.amount_in(text)
    way = ""
    if found := words.CLOCK.search(text):
        way = "left" if found["against"] else "right"
        text = " ".join((text[: found.start()] + text[found.end() :]).split())
    found = re.fullmatch(rf"(?:{TURN}|give) (?P<rest>.+?)(?: (?:around|about))?", text)
    if text.startswith("give ") and amount is None:
        return None
    parts = found["rest"].split(" ") if found else []
    for at in range(1, len(parts) + 1):
        what, where = " ".join(parts[:at]), " ".join(parts[at:])
        where = re.sub(r"^(?:around|about) ?", "", where)
        said = words.way_of(where)
        if _is_object(what) and (not where or said in ("left", "right")):
            return _with({"skill": "turn", "object": what, "to": said or way or "left"}, amount)
    return None


def _place(text: str) -> Step | None:
    found = re.fullmatch(rf"(?:{PUT}(?: (?:down|away|back))?|{WISH}) (?P<rest>.+)", text)
    parted = words.place_in(found["rest"]) if found else None
    if not parted:
        return None
    what = re.sub(r" (?:down|away|back|up|over)$", "", parted[0])
    return _placed(what, parted[1]) if _is_object(what) else None


def _belongs(text: str) -> Step | None:
    """Reads what tells where a thing belongs: "the cube should go in the bin"."""
    found = re.fullmatch(r"(?P<what>.+?) (?:should|must|has to|shall|needs to) (?:go|be|lie|stand) (?P<where>.+)", text)
    found = found or re.fullmatch(r"(?P<what>.+?) (?:belongs|goes) (?P<where>.+)", text)
    parted = words.place_in(found["where"]) if found else None
    return _placed(found["what"], parted[1]) if found and parted and _is_object(found["what"]) else None


def _given(text: str) -> Step | None:
    """Reads "give the red cube a push to the left"."""
    found = re.fullmatch(
        r"give (?P<what>.+?) an? (?:little |small |gentle )?(?P<verb>push|shove|nudge|turn|twist) ?(?P<way>.*)", text
    )
    if not found:
        return None
    return (_turn if found["verb"] in ("turn", "twist") else _push)(
        f"{found['verb']} {found['what']} {found['way']}".strip()
    )


def _release(text: str) -> Step | None:
    found = re.fullmatch(rf"{RELEASE} (?P<what>.+)|(?:put|set|lay) (?P<named>.+) (?:down|aside|away)", text)
    what = (found["what"] or found["named"]) if found else ""
    parted = words.place_in(what) or (what, "on the table")
    return _placed(*parted) if found and _is_object(parted[0]) else None


def _pick(text: str) -> Step | None:
    found = re.fullmatch(rf"{PICK} (?P<what>.+?)(?: up)?(?: (?:off|from) (?:the )?(?:table|desk))?", text)
    return {"skill": "pick", "object": found["what"]} if found and _is_object(found["what"]) else None


READERS: tuple[Callable[[str], Step | None], ...] = (
    _switch, _open, _close, _home, _move, _given, _push, _turn, _place, _belongs, _release, _pick,
)  # fmt: skip


def _placed(what: str, where: str) -> Step:
    return {"skill": "place", "object": "" if words.is_it(what) else what, "to": where}


def _is_object(text: str) -> bool:
    return words.is_thing(text) or words.is_it(text)


def _with(step: Step, amount: float | None) -> Step:
    return step if amount is None else {**step, "amount": amount}


def _call(steps: Sequence[Step]) -> Call:
    if len(steps) > 1:
        return Call(PLAN, {"steps": list(steps)})
    tool, names = TOOLS[steps[0]["skill"]]
    return Call(tool, {names[key]: value for key, value in steps[0].items() if key in names and value != ""})


def _other(text: str) -> Call | None:
    if (found := LOOK.fullmatch(text)) and (
        not found["what"] or words.is_thing(found["what"]) or words.is_arm(found["what"])
    ):
        camera = {"above": "top"}.get(found["from"] or "", found["from"])
        return Call("robot_look", {"camera": camera} if camera else {})
    if STOP.fullmatch(text):
        return Call("robot_stop", {})
    if found := RESET.fullmatch(text):
        scene = found["scene"] or found["other"]
        return Call("robot_reset", {"scene": scene} if scene else {})
    return Call("robot_replay", {}) if REPLAY.fullmatch(text) else None
