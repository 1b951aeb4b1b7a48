// The one place where Catch2 is compiled; it takes ten seconds.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
