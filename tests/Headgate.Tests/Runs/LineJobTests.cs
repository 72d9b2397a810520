using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.App.Runs;
using Headgate.Jobs;
using Headgate.Time;

namespace Headgate.Tests.Runs;

/// <summary>A run that sends one line at a time, whose results wait for a disk.</summary>
[Collection(Threads.Alone)]
public sealed class LineJobTests : IAsyncDisposable
{
    private readonly VirtualTime _time = new();
    private readonly Disk _disk = new();
    private readonly FakeApi _api;
    private readonly Engine _engine;
    private readonly ResultWriter _results;
    private readonly RunWork _work;
    private Func<HttpResponseMessage> _answer = () => FakeApi.Answer();

    public LineJobTests()
    {
        _api = new FakeApi((_, _) => Task.FromResult(_answer()));
        var configuration = new HeadgateOptions { Retries = 0, Limits = ["none"] }.Freeze();
        _engine = new Engine(configuration, _api.In(_time) with { Concurrency = 1 });
        _results = new ResultWriter(_disk, null, isOrdered: false, _time);
        var options = new RunOptions { Input = "in.jsonl", Engine = new EngineSettings { Configuration = configuration, Directory = "." } };
        _work = new RunWork(options, _engine, _results, new Tally(_engine.Clock), _time, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        _disk.Open();
        await _results.DisposeAsync();
        _work.Dispose();
        _engine.Dispose();
    }

    [Theory]
    [InlineData("200")]
    [InlineData("500")]
    [InlineData("no answer")]
    public async Task A_line_is_under_way_until_its_result_is_on_disk_and_one_that_failed_too(string end)
    {
        _answer = () => end == "no answer" ? throw new HttpRequestException(HttpRequestError.ConnectionError, "reset") : FakeApi.Answer(int.Parse(end));
        var (first, second) = (RunAsync(1), RunAsync(2));
        await Threads.PassUntilAsync(_time, () => _disk.IsAsked);
        await PassAsync();
        Assert.Single(_api.Paths);

        _disk.Open();
        await Task.WhenAll(first, second);

        Assert.Equal((2, 2, 1L), (_api.Paths.Count, _work.Tally.Finished, Room()));
    }

    [Fact]
    public async Task Where_a_result_cannot_be_written_nobody_goes_in_its_place_which_is_free_in_the_end()
    {
        var (first, second) = (RunAsync(1), RunAsync(2));
        await Threads.PassUntilAsync(_time, () => _disk.IsAsked);

        _disk.Open(new IOException("No space left on device"));

        var failure = await Assert.ThrowsAsync<ResultWriteException>(() => first);
        Assert.Same(failure, _work.Failure);
        await second;
        Assert.Equal((1, 0, 1L), (_api.Paths.Count, _work.Tally.Finished, Room()));
    }

    private Task RunAsync(int line) => new LineJob(_work, new InputLine { Number = line, Offset = 0, Hash = 0, Request = new JobRequest($"https://api.test/{line}") }, isResent: false).RunAsync();

    /// <summary>Whoever could go goes.</summary>
    private Task PassAsync()
    {
        var until = _time.Elapsed + TimeSpan.FromMilliseconds(200);
        return Threads.PassUntilAsync(_time, () => _time.Elapsed >= until);
    }

    private long Room() => _engine.Dispatcher.Read(_engine.Upstreams.Single().Cap, static (_, cap, now) => cap.Available(now));

    /// <summary>A disk that takes its time.</summary>
    private sealed class Disk : IByteSink
    {
        private readonly TaskCompletionSource _opened = new();
        private volatile bool _isAsked;

        public bool IsAsked => _isAsked;

        public void Open(IOException? failure = null)
        {
            if (failure is null)
                _opened.TrySetResult();
            else
                _opened.TrySetException(failure);
        }

        public void Write(ReadOnlySpan<byte> lines)
        {
            _isAsked = true;
            _opened.Task.GetAwaiter().GetResult();
        }

        public void Sync() { }

        public void Dispose() { }
    }
}
