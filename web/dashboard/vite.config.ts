import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// No inline scripts, styles or data: fonts: the server's Content-Security-Policy refuses them.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: '/',
  resolve: { conditions: mode === 'test' ? ['browser'] : undefined },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Plot with its parts of d3 is larger than the warning's limit; it is loaded with the first chart.
    chunkSizeWarningLimit: 600,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
        manualChunks(id) {
          if (id.includes('uplot')) return 'uplot';
          if (/node_modules\/(@observablehq|d3|internmap|interval-tree|isoformat|binary-search)/.test(id))
            return 'plot';
          return undefined;
        },
      },
    },
  },
  test: { include: ['test/**/*.test.ts'] },
}));
