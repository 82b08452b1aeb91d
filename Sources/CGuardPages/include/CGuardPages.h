#pragma once

/*
 * A program that links this maps files in another way: where a whole file is mapped to be read, its bytes end at a
 * page that nobody may read, so that whoever reads beyond its end is ended by the system. Usually whole pages are
 * mapped, and there are zeros or the next mapping. There is nothing to call. For programs that try readers alone.
 */
