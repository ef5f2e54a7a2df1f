/** `npm run docs`: writes what of the pages is made from the code. It touches nothing that people wrote. */
import '../../lib/require-node.ts';
import { writeFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { madePages } from './pages.ts';

for (const { path, text } of madePages()) writeFileSync(projectPath(path), text);
