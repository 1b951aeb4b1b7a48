// From a container to the services that it offers. Pure: the heart of
// registrator, without engine and registry.
//
// Every port that the image exposes or that is published is a candidate; those
// that are not published fall out (unless internal addresses are asked for);
// what the container says in SERVICE_* decides about name, id, tags and rest.
// Source: gliderlabs/registrator 7.4, bridge/bridge.go and bridge/util.go.

#pragma once

#include "actors/registrator/core/container.hpp"
#include "actors/registrator/core/options.hpp"
#include "actors/registrator/core/service.hpp"

#include <string>
#include <vector>

namespace praetor::registrator {

/// A container, and the one whose network it shares, if any.
struct subject {
  container self;
  /// Set if the network mode is "container:ID" and that one was found.
  container network_owner;
};

/// What came out.
struct mapped {
  /// Sorted by port.
  std::vector<service> services;
  /// Lines for the log: what was ignored, and why.
  std::vector<std::string> notes;
};

/// See the head of the file.
mapped map_container(const subject& from, const options& how,
                     const host_facts& host);

/// The id of the container whose network `x` shares, or "".
std::string network_owner_of(const container& x);

/// What an image is called without path, tag and digest.
std::string image_name(std::string_view reference);

/// Whether `*` and `?` in `pattern` can be filled so that it becomes `text`.
bool matches_pattern(std::string_view pattern, std::string_view text);

} // namespace praetor::registrator
