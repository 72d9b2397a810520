namespace Headgate.Jobs;

/// <summary>
/// Whom the service tells how a request ended: by a POST signed as Standard Webhooks (https://www.standardwebhooks.com), tried again for three
/// days until it is answered with 2xx. Immutable.
/// </summary>
public sealed class JobCallback
{
    /// <summary>A call to a URL.</summary>
    /// <param name="url">An absolute http or https URL without user name and password, at most 64 KiB.</param>
    /// <exception cref="ArgumentException">It is not such a URL; the message says what is wrong.</exception>
    public JobCallback(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        RequestRules.CheckUrl(url);
        Url = url;
    }

    /// <summary>Where the call goes.</summary>
    public string Url { get; }

    /// <summary>The ends that are told: some of completed, failed, timeout and cancelled; all of them by default.</summary>
    /// <exception cref="ArgumentException">One of them is no end.</exception>
    public IReadOnlyList<JobStatus> On
    {
        get;
        init => field = value.All(status => status >= JobStatus.Completed) ? [.. value.Distinct().Order()] : throw new ArgumentException(Ends, nameof(value));
    } = [JobStatus.Completed, JobStatus.Failed, JobStatus.Timeout, JobStatus.Cancelled];

    internal const string Ends = "callback: on is a list of completed, failed, timeout and cancelled";

    /// <summary>Reads one of <see cref="On"/>.</summary>
    /// <exception cref="ArgumentException">It is none of them. What it says goes to whoever wrote it, who knows no parameters of ours.</exception>
    internal static JobStatus EndNamed(string name) => name switch
    {
        "completed" => JobStatus.Completed,
        "failed" => JobStatus.Failed,
        "timeout" => JobStatus.Timeout,
        "cancelled" => JobStatus.Cancelled,
        _ => throw new ArgumentException(Ends),
    };
}
