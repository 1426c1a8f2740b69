-- Nothing trades outside its instrument's band any more.

-- Until engine 2, what rested when a band moved stayed, and traded at prices outside. The same band is set once more where
-- something still does: the engine then closes it. A band that is being set already does the same.
insert into exchange.instruction (id, kind, instrument_id, low_fen, high_fen, remark, at)
select nextval('exchange.instruction_number'), 'set_band', n.id, n.low_fen, n.high_fen, 'What rests outside is closed',
  registry.business_now()
from exchange.instrument n
where n.open
  and exists (
    select from exchange.placed p
    where p.instrument_id = n.id and p.open_t > 0 and p.price_fen not between n.low_fen and n.high_fen)
  and not exists (
    select from exchange.instruction w where w.instrument_id = n.id and w.kind = 'set_band' and w.state = 'stored')
order by n.id;
