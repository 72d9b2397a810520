using System.Threading.Channels;

namespace Headgate.App.Logging;

/// <summary>
/// Writes lines in their order, without anybody waiting for whoever reads them: where nobody does, lines are dropped and counted, and the work goes on.
/// Thread-safe.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    /// <summary>So many lines wait to be read.</summary>
    private const int MostWaiting = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly TextWriter _output;
    private readonly Func<long, string> _dropped;
    private readonly Task _writing;
    private long _droppedCount;

    /// <param name="output">Where to.</param>
    /// <param name="dropped">The line that says how many were dropped.</param>
    public LogWriter(TextWriter output, Func<long, string> dropped)
    {
        (_output, _dropped) = (output, dropped);
        _writing = Task.Run(WriteAsync);
    }

    public void Write(string line)
    {
        if (!_lines.Writer.TryWrite(line))
            Interlocked.Increment(ref _droppedCount);
    }

    /// <summary>Waits until all is written, but not for somebody who does not read.</summary>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _writing.Wait(Patience);
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _lines.Reader.WaitToReadAsync())
            {
                while (_lines.Reader.TryRead(out var line))
                    await _output.WriteLineAsync(line);
                if (Interlocked.Exchange(ref _droppedCount, 0) is var count and > 0)
                    await _output.WriteLineAsync(_dropped(count));
                await _output.FlushAsync();
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // Nobody is there to be told; the lines that come fill the channel, and are dropped.
        }
    }
}
