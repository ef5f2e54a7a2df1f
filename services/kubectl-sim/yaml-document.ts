/**
 * The YAML library, which only `-o yaml` imports. A bundle has no named exports of a CommonJS library for `import()`.
 */
export { Document, visit } from 'yaml';
