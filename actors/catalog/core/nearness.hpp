// Answers that have what is near first. Pure.

#pragma once

#include "actors/catalog/core/tables.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace praetor::catalog {

/// Sorts `xs` by the distance of their nodes from the node `near`; the rest of
/// the order stays, and nodes that are nowhere come last. Does nothing if it is
/// not known where `near` is.
/// @param node_of returns the name of an element's node
template <class Elements, class NodeOf>
void sort_by_distance(const tables& rows, const std::string& near, Elements& xs,
                      NodeOf node_of) {
  const auto* from = near.empty() ? nullptr : rows.find_coordinate(near);
  if (from == nullptr)
    return;
  const auto far = [&](const auto& x) {
    const auto* to = rows.find_coordinate(node_of(x));
    return to == nullptr ? std::numeric_limits<double>::infinity()
                         : distance(from->where, to->where);
  };
  std::stable_sort(xs.begin(), xs.end(), [&far](const auto& a, const auto& b) {
    return far(a) < far(b);
  });
}

} // namespace praetor::catalog
