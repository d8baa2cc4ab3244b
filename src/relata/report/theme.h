// The colours of charts and pages, light and dark, as CSS variables. The series stay apart for
// colour-blind readers (after Okabe and Ito, darkened or lightened to a contrast of at least 3:1
// with the paper).
#pragma once

#include <string_view>

namespace relata::report {

inline constexpr std::string_view kLightColours =
    "--ink:#1b1f24;--muted:#57606a;--rule:#dfe3e8;--paper:#ffffff;--link:#0060a0;"
    "--c0:#0072b2;--c1:#d55e00;--c2:#00805e;--c3:#b2478a;"
    "--c4:#8f6c00;--c5:#4d555e;--c6:#5b5bd6;--c7:#8c4a2f;"
    "--right:#64aae6;--wrong:#f0a05a;";

inline constexpr std::string_view kDarkColours =
    "--ink:#e6e8eb;--muted:#9aa4af;--rule:#333a42;--paper:#14171b;--link:#6cb6f5;"
    "--c0:#56b4e9;--c1:#ff9248;--c2:#2fc79a;--c3:#e79ac6;"
    "--c4:#e8c24a;--c5:#c3cad3;--c6:#98a2ff;--c7:#d9a27e;"
    "--right:#1f69a8;--wrong:#a3521a;";

}  // namespace relata::report
