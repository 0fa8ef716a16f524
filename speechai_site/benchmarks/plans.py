"""What data sets hold: campaigns of six accounts, that wait or are over."""

from dataclasses import dataclass

from batches.states import BatchStatus

ACCOUNTS = 6


@dataclass(frozen=True)
class Campaign:
    """`calls` is a pattern: how many calls each job had, in turn."""

    account: int
    jobs: int
    status: str
    calls: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What a data set holds."""

    campaigns: tuple[Campaign, ...]
    details: int = 0  # of the newest calls
    open_calls: int = 0
    suppressed: int = 0

    @property
    def jobs(self) -> int:
        return sum(campaign.jobs for campaign in self.campaigns)


# Shares of the waiting jobs, of 200: one giant, many small ones.
SHARES = (60, 30, 20, 20, 10, 10, 10, 10, 5, 5, 5, 5, *[1] * 10)
# 1.08 calls for a job that waits.
WAITED = (1, 1, 2, 0, 1, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2)
OVER = (*[BatchStatus.COMPLETED] * 5, BatchStatus.CANCELLED, BatchStatus.EXPIRED)


def waiting(jobs: int) -> Plan:
    """`jobs` cases that wait in running campaigns (but those that are being called),
    6 in 100 more that are closed, and 1.2 calls for each that waits.

    The newest campaigns are of the last four accounts: the first two's rows are far
    from the end of every table.
    """
    over = max(len(OVER), jobs * 6 // 100)
    return Plan(
        (
            *(
                Campaign(place % ACCOUNTS, over // len(OVER), status, (2,))
                for place, status in enumerate(OVER)
            ),
            *(
                Campaign(
                    place % ACCOUNTS if place < 12 else 2 + place % 4,
                    jobs * share // 200,
                    BatchStatus.RUNNING,
                    WAITED,
                )
                for place, share in enumerate(SHARES)
            ),
        ),
        details=min(jobs, 20_000),
        open_calls=min(200, jobs // 50),
        suppressed=min(jobs, 20_000),
    )


def finished(jobs: int) -> Plan:
    """One completed campaign, one call a case, with all that was said."""
    campaign = Campaign(0, jobs, BatchStatus.COMPLETED, (1,))
    return Plan((campaign,), details=jobs)
