# Writes a C++ file that holds the given text files in pieces that a compiler takes: BuiltInTexts()
# of builtin.h.
#   cmake "-DFILES=en.yaml;de.yaml" -DOUT=builtin.cc -P embed.cmake
set(code "#include \"stages/report/narrative/builtin.h\"\n\nnamespace maxopt::report {\nnamespace {\n\nconstexpr BuiltInText kTexts[] = {\n")
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME_WE)
  # Brackets and semicolons mean something to CMake's lists; quoting keeps the text as it is.
  file(READ "${path}" text)
  string(FIND "${text}" ")catalogue\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${path} holds the mark that ends an embedded file")
  endif()
  string(APPEND code "    {\"${name}\", R\"catalogue(${text})catalogue\"},\n")
endforeach()
string(APPEND code "};\n\n}  // namespace\n\nstd::span<const BuiltInText> BuiltInTexts() { return kTexts; }\n\n}  // namespace maxopt::report\n")
file(WRITE "${OUT}" "${code}")
