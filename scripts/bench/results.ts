import type { CaResult } from './ca.ts';
import type { ComposeResult } from './compose.ts';
import type { JoinResult } from './joins.ts';
import type { ListsResult } from './lists.ts';
import type { NodesResult } from './nodes.ts';
import type { PageResult } from './page.ts';
import type { RestResult } from './rest.ts';
import type { GetNodesResult, StartResult } from './start.ts';

/** Of all sections, and of all builds; a section that was not chosen has none. */
export interface Results {
	readonly joins: JoinResult[];
	readonly rest: RestResult[];
	readonly lists: ListsResult[];
	readonly nodes: NodesResult[];
	readonly ca: CaResult[];
	readonly start: StartResult[];
	readonly getNodes: GetNodesResult[];
	readonly page: PageResult[];
	/** Of this build only: a container has no other. */
	readonly compose: ComposeResult[];
}
export const noResults = (): Results => ({
	...{ joins: [], rest: [], lists: [], nodes: [], ca: [], start: [], getNodes: [], page: [], compose: [] },
});
