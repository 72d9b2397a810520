using Headgate.Jobs;

namespace Headgate.Remote;

/// <summary>Many requests on their way to a service, part by part; each part has a key by which the service knows it when it is told again. Used by one caller at a time.</summary>
/// <param name="send">Submits a part: its body, its key, how many requests it has.</param>
internal sealed class Submission(Func<byte[], string, int, Task<List<JobVerdict>>> send)
{
    /// <summary>Few enough that a part is answered soon.</summary>
    private const int MostRequests = 1000;

    /// <summary>A service takes 64 MiB.</summary>
    private const int MostBytes = 8 << 20;

    private readonly List<JobVerdict> _verdicts = [];
    private readonly List<(int Index, ReadOnlyMemory<byte> Json)> _part = [];
    private int _bytes;
    private HeadgateException? _end;

    /// <summary>What became of those that were added, in their order; of some it is known only when all were sent.</summary>
    public IReadOnlyList<JobVerdict> Verdicts => _verdicts;

    /// <summary>Adds a request; sends what there is when it is enough.</summary>
    public async Task AddAsync(JobRequest? request)
    {
        _verdicts.Add(new JobVerdict(null, _end ?? new HeadgateException(FailureClass.Invalid, "the request is null")));
        if (request is null || _end is not null)
            return;
        var json = JobRequestWriter.ToBytes(request);
        if (_bytes + json.Length > MostBytes)
            await SendAsync().ConfigureAwait(false);
        _part.Add((_verdicts.Count - 1, json));
        _bytes += json.Length;
        if (_part.Count == MostRequests)
            await SendAsync().ConfigureAwait(false);
    }

    /// <summary>Sends what was not sent yet.</summary>
    public async Task SendAsync()
    {
        if (_part.Count == 0 || _end is not null)
            return;
        try
        {
            var told = await send(ServiceWords.Bulk(_part.Select(request => request.Json)), Guid.NewGuid().ToString("N"), _part.Count).ConfigureAwait(false);
            for (var at = 0; at < told.Count; at++)
                _verdicts[_part[at].Index] = told[at];
        }
        catch (Exception failure) when (failure is HeadgateException or OperationCanceledException && _verdicts.Any(verdict => verdict.IsAccepted))
        {
            // What was taken before is known by the verdicts, so none of them may get lost.
            var known = failure as HeadgateException ?? new HeadgateException(FailureClass.Cancelled, failure.Message, failure) { MaybeSent = true };
            foreach (var (index, _) in _part)
                _verdicts[index] = new JobVerdict(null, known);
            _end = new HeadgateException(known.FailureClass, $"it was not submitted, because those before it could not be: {known.Message}", failure);
        }
        _part.Clear();
        _bytes = 0;
    }
}
