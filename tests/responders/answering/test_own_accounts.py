"""The brand's own accounts: known by channel, and never answered."""

from cli.settings_file import parse
from core.model.decisions import Action
from responders.answering.decider import ReplyPolicy
from responders.factory import own_authors
from tests.responders.answering.support import Bot
from tests.responders.builders import mention

SETTINGS = parse(
    """
[[brands]]
id = "fresh"
name = "Fresh"
terms = ["Fresh"]
accounts = ["x:42", "site:u9", "site:a:b"]
[[brands]]
id = "other"
name = "Other"
terms = ["Other"]
accounts = ["x:43"]
[[channels]]
name = "x"
type = "x"
[[channels]]
name = "site"
type = "webchat"
""",
    {},
)


async def test_posts_of_own_accounts_are_not_answered() -> None:
    own = own_authors(SETTINGS.brands)
    assert own == {"x": frozenset({"42", "43"}), "site": frozenset({"u9", "a:b"})}
    bot = Bot(policy=ReplyPolicy(own_authors=own))
    for author, action in (("u9", Action.IGNORE), ("u8", Action.REPLY)):
        heard = mention("你们几点关门", author=author, channel="site", intent="question")
        assert (await bot.decide(heard)).decision.action is action
