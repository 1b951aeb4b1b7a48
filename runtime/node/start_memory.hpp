// What a node needs only while it starts: the code that parses flags and
// configuration, loads libraries and fills tables.

#pragma once

namespace praetor::node {

/// Tells the kernel that code of this program and its libraries need not stay
/// mapped. What runs again comes back from the page cache, a fault per 64 KiB;
/// what does not, no longer counts as resident. Breakpoints and probes set
/// before are lost.
void release_start_memory();

} // namespace praetor::node
