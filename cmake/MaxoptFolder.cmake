# One folder of src/ = one target = one test program.
#
#   maxopt_folder(NAME money DEPS result LIBS fmt::fmt TEST_DEPS ... TEST_LIBS ...)
#
# makes the library maxopt_<NAME> of the folder's *.cc (INTERFACE when there are none) and, when it
# has any *_test.cc, the program <NAME>_test, whose cases are registered with ctest.
# DEPS and TEST_DEPS name other folders' targets without the prefix. WHOLE makes all its cases one
# test of ctest, where they share a world that takes longest to make.
#
# Where MAXOPT_UNITY is on, files of a folder are compiled together, which halves the work: most of a
# file's time goes to templates of the standard library that its neighbours need too. ALONE names
# the files that stay by themselves, for a name within that a neighbour has as well.
set(MAXOPT_UNITY OFF CACHE BOOL "compile the files of a folder together")
function(maxopt_unity target)
  if(MAXOPT_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # A name of one file is no shadow of its neighbour's.
    target_compile_options(${target} PRIVATE -Wno-shadow)
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      # Files of a batch are headers of it to GCC, whose unnamed namespaces it warns of.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
endfunction()

function(maxopt_folder)
  cmake_parse_arguments(F "WHOLE" "NAME" "DEPS;LIBS;TEST_DEPS;TEST_LIBS;ALONE" ${ARGN})
  set_source_files_properties(${F_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  list(TRANSFORM F_DEPS PREPEND maxopt_)
  list(TRANSFORM F_TEST_DEPS PREPEND maxopt_)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(maxopt_${F_NAME} STATIC ${sources})
    maxopt_unity(maxopt_${F_NAME})
    set(scope PUBLIC)
  else()
    add_library(maxopt_${F_NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(maxopt_${F_NAME} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(maxopt_${F_NAME} ${scope} ${F_DEPS} ${F_LIBS})
  if(tests)
    add_executable(${F_NAME}_test ${tests})
    maxopt_unity(${F_NAME}_test)
    target_link_libraries(${F_NAME}_test PRIVATE maxopt_${F_NAME} ${F_TEST_DEPS} ${F_TEST_LIBS}
                                                 GTest::gtest_main)
    if(F_WHOLE)
      add_test(NAME ${F_NAME}.all COMMAND ${F_NAME}_test)
      set_tests_properties(${F_NAME}.all PROPERTIES TIMEOUT 900 COST 200)
    else()
      gtest_discover_tests(${F_NAME}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX ${F_NAME}.
                           PROPERTIES TIMEOUT 600)
    endif()
  endif()
endfunction()
