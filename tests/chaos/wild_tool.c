/* A tool that will not go: in FFmpeg's place it ignores every signal, asks not to die with its parent, leaves its
   session and its group, and forks. What it is refused it tells on standard error; then it waits, for five minutes at
   the most. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void tell(const char *what, long result) {
    dprintf(2, "%s: %s\n", what, result < 0 ? strerror(errno) : "done");
}

static void break_away(void) {
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    tell("forget the parent", prctl(PR_SET_PDEATHSIG, 0));
    tell("leave the session", setsid());
    tell("leave the group", setpgid(0, 0));
}

int main(void) {
    prctl(PR_SET_NAME, NAME); /* a macro of the command line: by it the test finds us and our children */
    break_away();
    for (int generation = 0; generation < 3; generation++) {
        int child = fork();
        tell("fork", child);
        if (child == 0)
            break_away();
    }
    dprintf(4, "out_time_us=1\n"); /* where FFmpeg tells its progress */
    for (int second = 0; second < 300; second++)
        sleep(1);
    return 0;
}
