"""One-time codes that were used: no step of an account is ever used twice, by whichever prober."""

from __future__ import annotations

from sqlalchemy.orm import Session

from statuspage.store.tables import OtpStepRow
from statuspage.store.upsert import insert_for


def claim(session: Session, account: str, step: int) -> bool:
    """True if neither this step nor a later one was used for the account; then it is taken. The caller's transaction decides.

    account   a key that tells nothing of the secret;  step: Unix time // 30
    """
    insert = insert_for(session)(OtpStepRow).values(account=account, step=step)
    newer = insert.on_conflict_do_update(
        index_elements=[OtpStepRow.account],
        set_={"step": insert.excluded.step},
        where=OtpStepRow.step < insert.excluded.step,
    )
    return session.execute(newer.returning(OtpStepRow.step)).first() is not None
