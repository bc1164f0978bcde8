#include "app/cli/cli.h"

int main(int argc, char** argv) { return maxopt::RunCommandLine(argc, argv); }
