"""The steps of the first season, in their order."""

from deploy.demo import market, season
from deploy.demo.season import Step

STEPS = (
    Step("A region begins", season.meet_the_region),
    Step("Organisations register", season.register_organisations),
    Step("People get keys and roles", season.enrol_people),
    Step("Accounts open", season.open_accounts),
    Step("Two projects are submitted", season.submit_projects),
    Step("A verifier validates them", season.validate_projects),
    Step("Seven working days of public notice", season.run_public_notice),
    Step("The projects are registered", season.register_projects),
    Step("A year later: monitoring reports", season.file_reports),
    Step("The reports are verified", season.verify_reports),
    Step("Credits are issued, by two people", season.issue_credits),
    Step("The exchange opens two instruments", market.open_the_market),
    Step("Sellers bring tonnes and list them", market.list_tonnes),
    Step("Buyers pay money in", market.pay_in),
    Step("Four enterprises subscribe", market.subscribe),
    Step("The rest trades in the book", market.trade_in_the_book),
    Step("Tonnes are delivered against money", market.settle),
    Step("Tonnes and money go home", market.go_home),
    Step("The launch event becomes neutral", season.neutralise_the_event),
    Step("The bank contributes", season.contribute),
    Step("Where every kilogram and every fen is", market.count_everything),
)
