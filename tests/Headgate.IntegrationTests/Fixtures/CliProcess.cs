using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>A started program: what it writes can be waited for, and signals reach it alone, by its number.</summary>
internal sealed partial class CliProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private readonly Task<TimeSpan> _elapsed;
    private bool _isDisposed;

    public CliProcess(Process process)
    {
        _process = process;
        Output = new WrittenText(process.StandardOutput);
        Error = new WrittenText(process.StandardError);
        _elapsed = MeasureAsync();
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    public WrittenText Output { get; }

    public WrittenText Error { get; }

    /// <summary>Gives it its whole standard input.</summary>
    public async Task GiveAsync(string input)
    {
        try
        {
            await _process.StandardInput.WriteAsync(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of it, which is for its exit code to tell.
        }
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => Send(2);

    /// <summary>SIGTERM.</summary>
    public void Terminate() => Send(15);

    /// <summary>SIGKILL: it is gone between two of its instructions.</summary>
    public void Kill() => Send(9);

    /// <summary>Waits for its end; an exit by a signal has the code 128 + its number.</summary>
    /// <exception cref="TimeoutException">It goes on. It is killed, and what it wrote is in the message.</exception>
    public async Task<CliResult> EndAsync(TimeSpan? patience = null)
    {
        var limit = patience ?? Cli.Patience;
        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit);
        }
        catch (TimeoutException late)
        {
            Kill();
            throw new TimeoutException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} did not end within {limit.TotalSeconds:0} s\n--- stdout\n{Output.Text}\n--- stderr\n{Error.Text}", late);
        }
        return new CliResult(_process.ExitCode, await Output.ToEndAsync(), await Error.ToEndAsync(), await _elapsed);
    }

    /// <summary>Kills it if it still runs. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_process.HasExited)
            Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<TimeSpan> MeasureAsync()
    {
        await _process.WaitForExitAsync();
        return TimeProvider.System.GetElapsedTime(_started);
    }

    private void Send(int signal)
    {
        // Its number is ours until its end was waited for, so no other process can be meant.
        if (!_process.HasExited)
            _ = SendSignal(_process.Id, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
