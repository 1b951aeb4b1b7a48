// The functions of consul-template, by topic. Each list is defined in the file
// of its name.

#pragma once

#include "actors/template/core/function.hpp"

#include <span>

namespace praetor::templates {} // namespace praetor::templates
