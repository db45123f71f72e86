//go:build linux

package main

import "context"

// prelude stands before the lines of every tool. OpenSSL has the fastest
// SHA-256 that is installed everywhere; it works on one file at a time, so
// that one process a processor is started, for 200 files each.
const prelude = `set -e -o pipefail
hashed() { # NUL-separated paths on stdin, manifest into $1
	rm -f "$1" "$1".part*
	xargs -0 -r -P "$N" -n 200 --process-slot-var=SLOT sh -c 'to=$1; shift; openssl dgst -sha256 -r "$@" >> "$to.part$SLOT"' hash "$1"
	touch "$1.part"
	cat "$1".part* | sort -k 2 > "$1"
	rm -f "$1".part*
}
hash_here() { find . -type f -print0 | hashed "$1"; }
compare_here() { hash_here "$1.again"; cmp "$1" "$1.again"; }
hash_list() { tr '\n' '\0' < "$DIR/list" | hashed "$1"; }
sha256_here() { # the same with coreutils
	rm -f "$1".part*
	find . -type f -print0 | xargs -0 -P "$N" -n 200 --process-slot-var=SLOT sh -c 'to=$1; shift; sha256sum "$@" >> "$to.part$SLOT"' hash "$1"
	cat "$1".part* > "$1"
}
sha256_check() { split -n "r/$N" --filter='sha256sum -c --quiet' "$1"; }
`

// shellPeers are what a good script does, and hashdeep.
func shellPeers() []tool {
	coreutils := []string{"bash", "cp", "find", "xargs", "sort", "sync"}
	// Folders first, then all files by several cp at once, while the source is hashed.
	const parallel = `(cd "$SRC"; hash_here "$MAN") & hashing=$!
mkdir "$DST"; cd "$SRC"
find . -type d -print0 | (cd "$DST"; xargs -0 mkdir -p)
find . -type f -print0 | xargs -0 -P "$N" -n 64 cp -p --parents -t "$DST"
sync -f "$DST"; wait $hashing
`
	const copied = `cp -a "$SRC" "$DST"; `
	const flushed = `; sync -f "$DST"`
	const there = `cd "$DST"; compare_here "$MAN"`
	return []tool{
		{
			name: "parallel cp + openssl", family: shells, needs: append(coreutils, "openssl"), setup: parallel,
			lines: map[string]string{jobCopy: parallel, jobCopyV: parallel + there, jobVerify: there},
		},
		{
			name: "cp + openssl", family: shells, needs: append(coreutils, "openssl"),
			setup: copied + `cd "$DST"; hash_here "$MAN"` + flushed,
			lines: map[string]string{
				jobCopy:   copied + `cd "$DST"; hash_here "$MAN"` + flushed,
				jobCopyV:  copied + `cd "$SRC"; hash_here "$MAN"` + flushed + "; " + there,
				jobVerify: there,
			},
		},
		{
			name: "cp + sha256sum", family: shells, needs: append(coreutils, "sha256sum", "split"),
			setup: copied + `cd "$DST"; sha256_here "$MAN"` + flushed,
			lines: map[string]string{
				jobCopy:   copied + `cd "$DST"; sha256_here "$MAN"` + flushed,
				jobCopyV:  copied + `cd "$SRC"; sha256_here "$MAN"` + flushed + `; cd "$DST"; sha256_check "$MAN"`,
				jobVerify: `cd "$DST"; sha256_check "$MAN"`,
			},
		},
		{
			name: "cp + hashdeep", family: others, needs: append(coreutils, "hashdeep"), lines0: 5,
			setup: copied + `cd "$DST"; hashdeep -c sha256 -r -l -j"$N" . > "$MAN"` + flushed,
			lines: map[string]string{
				jobCopy:   copied + `cd "$DST"; hashdeep -c sha256 -r -l -j"$N" . > "$MAN"` + flushed,
				jobCopyV:  copied + `cd "$SRC"; hashdeep -c sha256 -r -l -j"$N" . > "$MAN"` + flushed + `; cd "$DST"; hashdeep -c sha256 -r -l -j"$N" -a -k "$MAN" .`,
				jobVerify: `cd "$DST"; hashdeep -c sha256 -r -l -j"$N" -a -k "$MAN" .`,
			},
		},
	}
}

// rsyncPeers: rsync copies, OpenSSL hashes.
func rsyncPeers() []tool {
	needs := []string{"bash", "rsync", "openssl", "find", "xargs", "sort", "sync"}
	const setup = `rsync -aW "$SRC/" "$DST/"; cd "$DST"; hash_here "$MAN"; sync -f "$DST"`
	const there = `cd "$DST"; compare_here "$MAN"`
	// What rsync says it wrote, as paths that find would print.
	const written = ` --out-format=%n "$SRC/" "$TO/" | sed -n '/[^/]$/s|^|./|p' > "$DIR/list"; cd "$TO"; hash_list "$DIR/new"; sync -f "$TO"; `
	const merged = `sort -s -u -k 2 "$DIR/new" "$MAN" > "$DIR/man"`
	return []tool{
		{name: "rsync", family: rsyncs, needs: needs, setup: setup, lines: map[string]string{
			jobCopy:    setup,
			jobCopyV:   `rsync -aW "$SRC/" "$DST/"; cd "$SRC"; hash_here "$MAN"; sync -f "$DST"; ` + there,
			jobNothing: `rsync -a --checksum "$SRC/" "$DST/"; ` + there,
			jobChanged: `TO=$DST; rsync -aW` + written + merged + `; mv "$DIR/man" "$MAN"`,
		}},
		{name: "rsync --checksum (manifest not checked)", family: others, needs: needs, setup: setup, lines: map[string]string{
			jobNothing: `rsync -a --checksum "$SRC/" "$DST/"`,
		}},
		{name: "rsync --copy-dest (new folder)", family: newFolders, needs: needs, setup: setup, beside: true, lines: map[string]string{
			jobChanged: `rsync -aW --copy-dest="$DST" "$SRC/" "$DIR/new/"; cd "$DIR/new"; hash_here "$DIR/man"; sync -f .`,
		}},
		{name: "rsync --link-dest (new folder of hard links)", family: others, needs: needs, setup: setup, beside: true, lines: map[string]string{
			jobChanged: `TO=$DIR/tree; rsync -aW --link-dest="$DST"` + written + merged,
		}},
	}
}

// rclonePeers are one rclone program with its fastest flags.
func rclonePeers(ctx context.Context, bin string) []tool {
	name, minor := rcloneVersion(ctx, bin)
	needs := []string{"bash", bin, "openssl", "find", "xargs", "sort", "sync"}
	inplace := " --inplace" // no temporary name and rename for each file
	if minor < 63 {
		inplace = ""
	}
	fast := inplace + ` --ignore-checksum --transfers 8 --buffer-size 0 --multi-thread-streams 0`
	const checkers = ` --checkers $((2 * N))`
	setup := `"$RCLONE" copy "$SRC" "$DST" --no-check-dest` + fast +
		`; "$RCLONE" hashsum SHA256 "$DST" --output-file "$MAN"` + checkers + `; sync -f "$DST"`
	changed := func(how string) string {
		return `"$RCLONE" copy "$SRC" "$DST"` + how + checkers + ` -v --use-json-log 2>&1 |
			sed -n 's|.*Copied.*"object":"\([^"]*\)".*|./\1|p' > "$DIR/list"; cd "$DST"; hash_list "$DIR/new"; sync -f "$DST"`
	}
	const check = `"$RCLONE" checksum SHA256 "$MAN" "$DST"` + checkers
	t := tool{name: name, family: rclone, needs: needs, env: []string{"RCLONE=" + bin}, setup: setup, lines: map[string]string{
		jobCopy: setup,
		jobCopyV: `"$RCLONE" copy "$SRC" "$DST" --no-check-dest` + fast +
			`; "$RCLONE" hashsum SHA256 "$SRC" --output-file "$MAN"` + checkers + `; sync -f "$DST"; ` + check,
		jobNothing: `"$RCLONE" copy --checksum "$SRC" "$DST"` + checkers,
		jobVerify:  check,
		jobChanged: changed(fast),
	}}
	// Those that trust no time, and those that leave the earlier copy as it is, as usmtpkg does.
	whole, beside := t, t
	whole.name, whole.family = name+" --checksum", others
	whole.lines = map[string]string{jobChanged: changed(" --checksum" + inplace + " --transfers 8")}
	beside.name, beside.family, beside.beside = name+" (new folder)", newFolders, true
	beside.lines = map[string]string{
		jobChanged: `"$RCLONE" copy "$SRC" "$DIR/new" --no-check-dest` + fast +
			`; "$RCLONE" hashsum SHA256 "$DIR/new" --output-file "$DIR/man"` + checkers + `; sync -f "$DIR/new"`,
	}
	return []tool{t, whole, beside}
}
