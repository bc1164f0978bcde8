# Writes a C++ file that holds the given text files as raw strings: the function that a header of
# the folder declares.
#   cmake "-DFILES=a.yaml;b.yaml" -DOUT=builtin.cc -DHEADER=memory/platforms/builtin.h
#         -DTYPE=BuiltInFile -DFUNCTION=BuiltInFiles -DPREFIX=specs -P embed.cmake
set(code "#include \"${HEADER}\"\n\nnamespace maxopt {\nnamespace {\n\nconstexpr ${TYPE} kFiles[] = {\n")
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME)
  # Brackets and semicolons mean something to CMake's lists; quoting keeps the text as it is.
  file(READ "${path}" text)
  string(FIND "${text}" ")requirements\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${path} holds the mark that ends an embedded file")
  endif()
  string(APPEND code "    {\"${PREFIX}/${name}\", R\"requirements(${text})requirements\"},\n")
endforeach()
string(APPEND code "};\n\n}  // namespace\n\nstd::span<const ${TYPE}> ${FUNCTION}() { return kFiles; }\n\n}  // namespace maxopt\n")
file(WRITE "${OUT}" "${code}")
