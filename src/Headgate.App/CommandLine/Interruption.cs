using System.Runtime.InteropServices;

namespace Headgate.App.CommandLine;

/// <summary>
/// Ctrl-C and SIGTERM. The first asks the verb to stop by cancelling its token, so that it can drain and report; the second
/// ends the process as the system does.
/// </summary>
internal sealed class Interruption(TimeProvider time) : IDisposable
{
    /// <summary>
    /// A signal within this of the first is the same one told twice: <c>timeout</c> of GNU sends one to the process and one to its group,
    /// and so does a terminal where a program hands on what it was told itself. A person needs longer to change their mind.
    /// </summary>
    private static readonly TimeSpan OneSignal = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _code;
    private long _since = long.MinValue;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>The exit code that says which signal came; null while none has.</summary>
    public ExitCode? Code => Volatile.Read(ref _code) is var code && code == 0 ? null : (ExitCode)code;

    /// <summary>Begins to listen to the signals of the process, until disposed.</summary>
    public static Interruption Listen()
    {
        var interruption = new Interruption(TimeProvider.System);
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM])
            interruption._registrations.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = interruption.Receive(context.Signal)));
        return interruption;
    }

    /// <summary>Takes a signal; false leaves it to the system.</summary>
    public bool Receive(PosixSignal signal)
    {
        var code = signal == PosixSignal.SIGTERM ? ExitCode.Terminated : ExitCode.Interrupted;
        // Noted before the code, so that whoever sees the code sees this; of two at once either will do.
        var now = time.GetTimestamp();
        Interlocked.CompareExchange(ref _since, now, long.MinValue);
        if (Interlocked.CompareExchange(ref _code, (int)code, 0) != 0)
            return time.GetElapsedTime(Volatile.Read(ref _since), now) < OneSignal;
        // Not on this thread: whatever the verb hangs on its token must not keep the second signal waiting.
        _ = _stop.CancelAsync();
        return true;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }
}
