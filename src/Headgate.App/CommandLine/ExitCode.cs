namespace Headgate.App.CommandLine;

/// <summary>How the program ended, for scripts. Never 0 with lost work.</summary>
internal enum ExitCode
{
    /// <summary>Every line ended ok.</summary>
    Ok = 0,

    /// <summary>Finished; some failed, all of them recorded.</summary>
    SomeFailed = 1,

    /// <summary>The command line was not understood.</summary>
    Usage = 2,

    /// <summary>The configuration, a limit or a key is invalid, or a service refuses what it is asked for.</summary>
    Configuration = 3,

    /// <summary>The input is malformed; the lines were named.</summary>
    Input = 4,

    /// <summary>The deadline or the most failures allowed was reached.</summary>
    GivenUp = 5,

    /// <summary>All keys are dead, or no proxy is usable.</summary>
    NoKeys = 6,

    /// <summary>The ledger or a disk failed.</summary>
    Disk = 7,

    /// <summary>A service or store could not be reached.</summary>
    Unreachable = 8,

    /// <summary>An audit found a window exceeded, or a line without its result.</summary>
    Breach = 9,

    /// <summary>Ctrl-C; what was begun can be resumed.</summary>
    Interrupted = 130,

    /// <summary>SIGTERM; what was begun can be resumed.</summary>
    Terminated = 143,
}
