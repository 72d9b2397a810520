using System.Text;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>What a process has written so far. Thread-safe.</summary>
internal sealed class WrittenText
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly Task _end;
    private TaskCompletionSource _more = NewSignal();

    public WrittenText(StreamReader reader) => _end = ReadAsync(reader);

    public string Text
    {
        get
        {
            lock (_lock)
                return _text.ToString();
        }
    }

    /// <summary>All of it; the process has ended, but its children might still hold the pipe.</summary>
    public async Task<string> ToEndAsync()
    {
        await Task.WhenAny(_end, Task.Delay(TimeSpan.FromSeconds(5)));
        return Text;
    }

    /// <summary>Waits until what was written satisfies a condition.</summary>
    /// <exception cref="TimeoutException">It has not, within the patience or until the end.</exception>
    public async Task<string> WaitForAsync(Func<string, bool> condition, TimeSpan patience)
    {
        var deadline = Task.Delay(patience);
        while (true)
        {
            Task more;
            lock (_lock)
                more = _more.Task;
            var (ended, text) = (_end.IsCompleted, Text);
            if (condition(text))
                return text;
            if (ended || deadline.IsCompleted)
                throw new TimeoutException($"not written {(ended ? "until its end" : $"within {patience.TotalSeconds:0} s")}; it wrote:\n{text}");
            await Task.WhenAny(more, _end, deadline);
        }
    }

    public Task<string> WaitForAsync(string part, TimeSpan? patience = null) =>
        WaitForAsync(text => text.Contains(part, StringComparison.Ordinal), patience ?? Cli.Patience);

    private async Task ReadAsync(StreamReader reader)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is var count and > 0)
        {
            TaskCompletionSource more;
            lock (_lock)
            {
                _text.Append(buffer, 0, count);
                (more, _more) = (_more, NewSignal());
            }
            more.SetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
