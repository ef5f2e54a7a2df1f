/** `npm run docs`: writes the generated pages, and the generated parts of the others. */
import '../../lib/require-node.ts';
import { writeFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { madePages } from './pages.ts';

for (const { path, text } of madePages()) writeFileSync(projectPath(path), text);
