// The page of an instrument as the market moves: book, tape, chart and last price from one stream.
const market = document.querySelector(".market");
const zh = document.documentElement.lang === "zh";
const yuan = (fen) => (fen / 100).toFixed(2).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
const number = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
const SVG = "http://www.w3.org/2000/svg";
const LEVELS = 12;
const DAY_S = 24 * 3600;
const room = (low, high) => Math.max((high - low) * 0.15, high * 0.01);
let known = 0;
let lastTrade = Number(market?.dataset.lastTrade ?? 0);

function cell(text, ...classes) {
  const td = document.createElement("td");
  td.textContent = text;
  td.classList.add(...classes);
  return td;
}

function bar(share, side) {
  const td = cell("", "depth");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", "100%");
  svg.setAttribute("height", "12");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(SVG, "rect");
  rect.setAttribute("class", side);
  rect.setAttribute("width", `${share}%`);
  rect.setAttribute("height", "12");
  svg.append(rect);
  td.append(svg);
  return td;
}

// Who trades here takes a level's price into the ticket; market_keys.js walks through the levels.
function price(level, side) {
  const td = cell("", "num", side === "bid" ? "up" : "down");
  if (!document.querySelector(".ticket form")) td.textContent = yuan(level.price_fen);
  else {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "level";
    button.textContent = yuan(level.price_fen);
    td.append(button);
  }
  return td;
}

// One's own open orders beside the levels at which they rest.
function mark() {
  const own = JSON.parse(document.querySelector("#own")?.dataset.levels ?? "{}");
  for (const tr of document.querySelectorAll("#book tr[data-price]")) {
    const open = own[tr.parentElement.dataset.side]?.[tr.dataset.price];
    tr.classList.toggle("mine", Boolean(open));
    tr.querySelector(".own")?.remove();
    if (!open) continue;
    const words = document.createElement("span");
    words.className = "hidden";
    words.textContent = market.dataset.mine;
    const small = document.createElement("small");
    small.className = "own";
    small.append(words, ` ◆ ${number(open)}`);
    tr.cells[1].append(" ", small);
  }
}

function cumulated(levels) {
  let soFar = 0;
  return levels.slice(0, LEVELS).map((level) => ({ ...level, cumulative: (soFar += level.quantity_t) }));
}

function drawBook(book) {
  const at = document.activeElement?.closest?.("#book tr")?.dataset.price;
  const sides = { bid: cumulated(book.bids), ask: cumulated(book.asks) };
  const deepest = Math.max(1, ...Object.values(sides).flatMap((side) => side.map((each) => each.cumulative)));
  for (const [side, levels] of Object.entries(sides)) {
    const rows = levels.map((each) => {
      const tr = document.createElement("tr");
      tr.dataset.price = each.price_fen;
      tr.append(
        price(each, side),
        cell(number(each.quantity_t), "num"),
        cell(number(each.cumulative), "num"),
        bar(Math.max(1, Math.floor((each.cumulative * 100) / deepest)), side),
      );
      return tr;
    });
    if (!rows.length) {
      const tr = document.createElement("tr");
      const td = cell(side === "bid" ? market.dataset.nobodyBuys : market.dataset.nobodySells, "soft");
      td.colSpan = 4;
      tr.append(td);
      rows.push(tr);
    }
    document.querySelector(`#book tbody[data-side=${side}]`).replaceChildren(...(side === "ask" ? rows.reverse() : rows));
  }
  mark();
  if (at) (document.querySelector(`#book tr[data-price="${at}"] .level`) ?? document.querySelector("#book .level"))?.focus();
}

function tapeRow(trade) {
  const tr = document.createElement("tr");
  const at = new Date(trade.at);
  const shown = at.toLocaleString(zh ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai", dateStyle: "medium", timeStyle: "short" });
  const bought = trade.taker_side === "buy";
  const when = cell(shown);
  if (trade.asset) {
    const asset = document.createElement("small");
    asset.textContent = trade.asset;
    when.append(document.createElement("br"), asset);
  }
  tr.append(when, cell(`${bought ? "▲" : "▼"} ${yuan(trade.price_fen)}`, "num", bought ? "up" : "down"), cell(number(trade.quantity_t), "num"));
  return tr;
}

// Trades that came between two updates and are in neither: the list of trades has them.
async function between(update, missed) {
  if (!missed && (!update.earlier_trade_id || update.earlier_trade_id <= lastTrade)) return [];
  const answer = await fetch(`/v1/instruments/${market.dataset.code}/trades?newest_first=true&limit=200`);
  return answer.ok ? (await answer.json()).items : [];
}

async function drawTape(update, missed) {
  const found = new Map([...(await between(update, missed)), ...update.trades].map((trade) => [trade.id, trade]));
  const fresh = [...found.values()].filter((trade) => trade.id > lastTrade).sort((a, b) => b.id - a.id);
  if (!fresh.length) return;
  const body = document.querySelector("#tape tbody");
  if (!lastTrade) body.replaceChildren();
  body.prepend(...fresh.map(tapeRow));
  while (body.rows.length > 30) body.lastElementChild.remove();
  const last = document.getElementById("last");
  const moved = fresh[0].price_fen - (update.trades[1] ?? fresh[0]).price_fen;
  last.textContent = `${moved > 0 ? "▲ " : moved < 0 ? "▼ " : ""}${yuan(fresh[0].price_fen)}`;
  last.classList.toggle("up", moved > 0);
  last.classList.toggle("down", moved < 0);
  document.getElementById("traded").hidden = false;
  document.getElementById("untraded").hidden = true;
  lastTrade = fresh[0].id;
  await drawChart();
}

let chart;
async function drawChart() {
  const place = document.getElementById("chart");
  if (!place || !window.uPlot) return;
  const answer = await fetch(place.dataset.prices);
  if (!answer.ok) return;
  const bars = (await answer.json()).items;
  if (!bars.length) return;
  document.getElementById("chartless")?.remove();
  const data = [bars.map((each) => Date.parse(each.begins) / 1000), bars.map((each) => each.close_fen / 100), bars.map((each) => each.quantity_t)];
  if (chart) return chart.setData(data);
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--soft").trim();
  const line = style.getPropertyValue("--line").trim();
  const glaze = style.getPropertyValue("--glaze").trim();
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  chart = new window.uPlot(
    {
      width: place.clientWidth, height: 220, legend: { show: true },
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "Asia/Shanghai"),
      scales: {
        // Of a single bar uPlot makes two and a half years.
        x: { range: (plot, from, to) => (plot.data[0].length < 2 ? [from - 2 * DAY_S, from + 2 * DAY_S] : [from, to]) },
        y: { range: (_, low, high) => [low - room(low, high), high + room(low, high)] },
        t: { range: (_, __, most) => [0, most * 3] },
      },
      axes: [axis, { ...axis, size: 64, values: (_, ticks) => ticks.map((each) => each.toFixed(2)) }],
      series: [
        { label: market.dataset.time },
        { label: market.dataset.price, stroke: glaze, width: 2, points: { show: bars.length < 60, size: 7, fill: glaze } },
        { label: "t", scale: "t", stroke: ink, fill: line, paths: window.uPlot.paths.bars({ size: [0.6, 24] }), points: { show: false } },
      ],
    },
    data, place,
  );
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 220 })).observe(place);
}

// One's own part follows a little later, not ten times a second, and never while somebody writes in it.
let waiting;
function moved() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    if (!document.querySelector("#own details[open]")) document.body.dispatchEvent(new Event("market"));
  }, 300);
}

function follow() {
  const live = document.getElementById("live");
  const stream = new EventSource(`/instruments/${market.dataset.code}/stream`);
  stream.addEventListener("market", async (event) => {
    const update = JSON.parse(event.data);
    if (known && update.number <= known) lastTrade = Math.min(lastTrade, update.trades[0]?.id ?? 0);  // another process
    const missed = known && update.number > known + 1 ? update.number - known - 1 : 0;
    known = update.number;
    // A number that did not come was an update whose trades may be gone from this one: the list of trades has them.
    if (missed) market.dataset.missed = Number(market.dataset.missed ?? 0) + missed;
    live.textContent = update.open ? market.dataset.live : update.phase === "closed" ? market.dataset.closed : market.dataset.halted;
    drawBook(update.book);
    await drawTape(update, missed);
    moved();
  });
  stream.addEventListener("error", () => { live.textContent = market.dataset.away; });
  window.addEventListener("pagehide", () => stream.close());
}

if (market) {
  document.body.addEventListener("htmx:afterSettle", mark);
  document.addEventListener("toggle", (event) => { if (!event.target.open) moved(); }, true);
  await drawChart();
  follow();
}
