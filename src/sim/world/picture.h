#pragma once
#include <string>

namespace maxopt::sim {

/// A real PNG of one grey, black 0 to white 255: for ads that need a picture. Inside of this
/// folder.
std::string GreyPng(int width, int height, unsigned char grey);

}  // namespace maxopt::sim
