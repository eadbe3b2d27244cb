// Package plan turns the syntax tree of a query into what is folded at each log and what is made of the
// merged partials, or says what is refused, with line, column and what to write.
//
//	p, errs := plan.Make(name, query, body, start, restarts)   // of a function; MakeOnce runs once
//	fold, errs := p.Bind(paths)                                // adds its paths to those of a stream
//	rows := p.Present(cells, groups, &text)                    // of merged groups of one cut
//	program, _, errs := plan.Filter(condition, paths)          // on events; p.Filter on rows
//
//	text ── sql ──▶ Query ── resolve ──▶ canonical expressions ── divide ──▶ fold      events to cells, at each log
//	                 names become meta columns, fields, columns         │      ─────── partials travel ───────
//	                 of inner queries; aliases and inner queries        └──▶ stages    groups to rows, rows to rows
//	                 without groups are put in
//
//	per event    WHERE ─▶ Map ─▶ event of the stream into
//	by partial   WHERE ─▶ time, keys, inputs ─▶ cells ═▶ groups ─▶ select, HAVING, QUALIFY ─▶ rows ─┐
//	                                                     rows   ─▶ WHERE, GROUP BY, … ─▶ rows    ◀──┘ an outer query
//
// A name is, in this order: the alias of the stream, a meta column, a bound of the window, an alias of
// the select list (in GROUP BY, HAVING, QUALIFY and ORDER BY, outside aggregates), a field of data. In
// canonical form a field is bare where that means nothing else: b.price, data.price and price are price;
// data._x stays.
//
// Columns are named by their alias, else by the last name of a path, without the "_" of a meta column,
// else column_N, by their place in the select list; group columns that are not selected come first, a
// computed one as group_N. The aliases _key, _time and _type set what they name of an output event.
//
// # Invariants
//
// The query id is SHA-256, cut to 128 bits, over the inputs, the canonical expressions of the fold, the
// windows, the options of the fold, the start stamp and the restarts; aggregates and their inputs are in
// the order of their texts, so equal ids have equal cells. HAVING, QUALIFY, the select list over equal
// aggregates, outer queries and EMIT are not in it; per event, where nothing but outputs is kept, the
// select list and the stream of the outputs are. Present gives equal rows of equal groups and cells, in
// the order of window and key, and ties of QUALIFY go by key. What Make accepts, Bind does. No text makes it panic,
// and what names stand for never makes more than 8192 parts.
//
// # Not here
//
// Syntax: streams/sql. Values and their computing: streams/expr. Which slices and windows a time is of:
// streams/window. What a cell holds: streams/aggregate. Circles of functions, and who runs a plan:
// streams/function.
package plan
