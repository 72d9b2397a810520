using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.App.Service;
using Headgate.Configuration;

namespace Headgate.App.Distribution;

/// <summary>A service in this process, on a free port of loopback, that keeps nothing: for as long as something is tried out with it.</summary>
internal sealed class OwnService : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("headgate-");
    private readonly Task _serving;
    private readonly FirstLine _url = new();

    private OwnService(DistributorOptions distributor, TextWriter talk, TimeProvider time)
    {
        var sources = new ConfigurationSources
        {
            Directory = _directory.FullName,
            // Whatever else this machine is set up for, it is not for this.
            Environment = new Dictionary<string, string>(),
            Flags = [new("/serve/listen", ["http://127.0.0.1:0"], ""), new("/serve/data", [_directory.FullName], ""), new("/jobs/queue", ["memory:"], ""), new("/jobs/drain", ["1s"], "")],
        };
        var engine = new EngineSettings { Configuration = ConfigurationReader.Read(sources).OrThrow(), Directory = _directory.FullName, Sources = sources };
        _serving = new ServiceHost(new ServeOptions { Engine = engine, Distributor = distributor }, _url, talk, time).RunAsync(_stop.Token);
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Starts it.</summary>
    /// <exception cref="CommandException">It cannot be started.</exception>
    public static async Task<OwnService> StartAsync(DistributorOptions distributor, TimeProvider time)
    {
        var service = new OwnService(distributor, TextWriter.Null, time);
        try
        {
            var first = await Task.WhenAny(service._url.Task, service._serving);
            if (first == service._serving)
                await first;
            service.Url = new Uri(await service._url.Task);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>Waits for the first line that is written.</summary>
    private sealed class FirstLine : StringWriter
    {
        private readonly TaskCompletionSource<string> _line = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Task => _line.Task;

        public override Task WriteLineAsync(string? value)
        {
            _line.TrySetResult(value ?? "");
            return System.Threading.Tasks.Task.CompletedTask;
        }
    }
}
