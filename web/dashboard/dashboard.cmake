# Builds the dashboard and makes one C++ source of it, which defines maxopt::BuiltPages()
# (src/app/api/pages.h). Without npm's packages the program has no pages, and says so here.
#
#   maxopt_dashboard(VARIABLE)   sets VARIABLE to the path of that source
set(MAXOPT_DASHBOARD_DIR ${CMAKE_CURRENT_LIST_DIR})
function(maxopt_dashboard variable)
  set(dir ${MAXOPT_DASHBOARD_DIR})
  set(out ${CMAKE_BINARY_DIR}/dashboard)
  find_program(NODE NAMES node nodejs)
  # So that a tree whose packages arrive later needs no more than another build.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${dir}/package-lock.json)
  if(NOT NODE OR NOT EXISTS ${dir}/node_modules/vite/bin/vite.js)
    message(WARNING "The dashboard is left out: web/dashboard/node_modules is not there. Run "
                    "tools/setup build, then configure again.")
    file(CONFIGURE OUTPUT ${out}/no_pages.cc CONTENT
"#include \"app/api/pages.h\"

namespace maxopt {
std::span<const Page> BuiltPages() { return {}; }
}  // namespace maxopt
")
    set(${variable} ${out}/no_pages.cc PARENT_SCOPE)
    return()
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/src/* ${dir}/public/*)
  add_custom_command(
    OUTPUT ${out}/pages.cc
    COMMAND ${NODE} node_modules/vite/bin/vite.js build --logLevel warn --outDir ${out}/dist
            --emptyOutDir
    COMMAND ${NODE} embed.mjs ${out}/dist ${out}/pages.cc
    DEPENDS ${sources} ${dir}/index.html ${dir}/embed.mjs ${dir}/package-lock.json
            ${dir}/vite.config.ts ${dir}/svelte.config.js ${dir}/tsconfig.json
    WORKING_DIRECTORY ${dir}
    COMMENT "Building the dashboard"
    VERBATIM)
  set(${variable} ${out}/pages.cc PARENT_SCOPE)
endfunction()
