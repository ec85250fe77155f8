// Each entity's first and last rows: the rows that events of `first(…) per entity` are made of, and how rows of one
// instant are told apart. Part of compiler/reference; tested through tests/conformance. One thread.
#pragma once

#include <string>

#include "compiler/reference/row_evaluator.h"
#include "runtime/ties.h"

namespace alidade::reference {

/// Of `rows` (not empty, in the order of time) those with the smallest (or largest) time and `order` field.
RowNumbers first_of(const Model& model, const Data& data, int stream, const RowNumbers& rows, bool last);
/// The event of an entity's first or last row that a condition asks for: of several the one chosen among the others'.
RowId event_in(const Model& model, RowId condition);
/// Fills data->chosen for what the request reads. Entities whose first rows differ in a field read of them are ties,
/// and end the choosing.
void choose_rows(const Model& model, const Request& request, Data* data, TieLog* ties);
/// A key as the data writes it.
std::string entity_text(const RowValue& key);

}  // namespace alidade::reference
