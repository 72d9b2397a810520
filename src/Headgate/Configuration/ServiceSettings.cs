namespace Headgate.Configuration;

/// <summary>
/// The part of <see cref="Settings"/> that only the service has: its groups <c>serve</c> and <c>jobs</c>. Elsewhere they are read, since a file
/// is for all verbs, and have no effect; a library refuses them.
/// </summary>
internal static class ServiceSettings
{
    internal static class Serve
    {
        public static readonly ListOf<ListenUrl> ListenShape = new(ServiceScalars.Listen, 1);
        public static readonly Setting Listen = new(
            "listen", ListenShape, "Where the API listens; port 0 takes any that is free.", $"[\"{ListenUrl.Usual}\"]");
        public static readonly Setting<ListenUrl> MetricsListen = new(
            "metricsListen", ServiceScalars.MetricsListen, "A port for the figures alone, at /metrics; none if it is not given.");
        public static readonly Setting<string> Data = new(
            "data", ServiceScalars.Path, "The directory of the jobs and of the record of sends; from a file relative to that, else to where the service was started.", $"\"{ServeConfiguration.Default.Data}\"");
        public static readonly Setting<TimeSpan> Hold = new(
            "hold", Scalars.PositiveDuration, "How long a call to the gateway waits for its turn before it is answered 429.", Seconds(ServeConfiguration.Default.Hold));
        public static readonly ListOf<System.Net.IPNetwork> AllowAddressesShape = new(ServiceScalars.Network);
        public static readonly Setting AllowAddresses = new(
            "allowAddresses", AllowAddressesShape, "Addresses and networks that callers may reach although they are private.", "[]");
        public static readonly Setting<string> UpRoot = new(
            "upRoot", Scalars.Text, "The API that the whole port is a reverse proxy for, but for the service's own paths.");
        public static readonly Setting<ListenUrl> ProxyListen = new(
            "proxyListen", ServiceScalars.ProxyListen, $"Where the forward proxy listens, for example \"http://127.0.0.1:{ListenUrl.UsualProxyPort}\"; nowhere where it is not given.");
        public static readonly ListOf<string> ProxyUpgradeShape = new(ServiceScalars.HostAndPort);
        public static readonly Setting ProxyUpgrade = new(
            "proxyUpgrade", ProxyUpgradeShape, "Hosts, with a port or without, to which the forward proxy sends http:// URLs as https://.", "[]");
        public static readonly Setting<TimeSpan> ProxyIdle = new(
            "proxyIdle", Scalars.PositiveDuration, "How long a tunnel of the forward proxy stays open through which nothing passes.", Seconds(ServeConfiguration.Default.ProxyIdle));

        public static readonly Setting<long> CacheDisk = new(
            "cacheDisk", Scalars.Size, "The size of the file behind the memory of the cache, in the directory of the data; 0 for none.", $"\"{ByteSize.Format(ServeConfiguration.Default.CacheDisk)}\"");

        public static readonly Group Shape = new(
            [Listen, MetricsListen, Data, Hold, AllowAddresses, UpRoot, ProxyListen, ProxyUpgrade, ProxyIdle, CacheDisk, .. AccessSettings.All]);
    }

    internal static class Retention
    {
        public static readonly Setting<TimeSpan?> Age = new(
            "age", Scalars.OptionalDuration, "How long a job that has ended can be asked for; null for ever.", $"\"{Headgate.Time.Duration.Format(RetentionConfiguration.Default.Age!.Value)}\"");

        public static readonly Setting<long?> Bytes = new(
            "bytes", ServiceScalars.OptionalSize,
            $"How large jobs that have ended may be together, the oldest being forgotten first; null for any size. If it is not given, {ByteSize.Format(RetentionConfiguration.BytesInMemory)} where jobs are kept in memory.",
            $"\"{ByteSize.Format(RetentionConfiguration.Default.Bytes!.Value)}\"");

        public static readonly Group Shape = new([Age, Bytes]);
    }

    internal static class Backpressure
    {
        public const string Off = "off";

        public static readonly Setting<long> Threshold = new(
            "threshold", Scalars.Whole(1, 1_000_000_000_000), "So many jobs that have not ended are too many.", Number(BackpressureConfiguration.Default.Threshold));
        public static readonly Setting<BackpressureAct> Act = new(
            "act", ServiceScalars.BackpressureAct,
            "What is done with new jobs then: \"reject\" answers 429 with Retry-After, \"delay\" begins them 10 s later, \"drop_low_priority\" answers 429 to those of low and background priority.", "\"reject\"");

        public static readonly Group Shape = new([Threshold, Act]) { Word = Off };
    }

    internal static class Jobs
    {
        public static readonly Setting<JobPlace> Queue = new(
            "queue", ServiceScalars.Place, "Where jobs wait: \"sqlite:\" in the directory of the service, \"sqlite:PATH\", or \"memory:\" for as long as the process lives. Where \"store\" is, if only that is given.",
            $"\"{JobsConfiguration.Default.Queue}\"");
        public static readonly Setting<JobPlace> Store = new(
            "store", ServiceScalars.Place, "Where jobs and what became of them are kept, as for \"queue\"; where that is, if only that is given.", $"\"{JobsConfiguration.Default.Store}\"");
        public static readonly Setting<long> Workers = new(
            "workers", Scalars.Whole(1, 1_000_000), "So many jobs are under way at once, whether they wait for their turn, for a retry or for their answer; of one API at most four fifths, so that a slow one leaves room for others. Beyond them one of each API, priority and tenant.",
            Number(JobsConfiguration.Default.Workers));
        public static readonly Setting<long> Most = new(
            "most", Scalars.Whole(1, 1_000_000_000_000), "Beyond so many jobs that have not ended, none is accepted, whatever \"backpressure\" says.", Number(JobsConfiguration.Default.Most));
        public static readonly Setting Pressure = new("backpressure", Backpressure.Shape, "What is done with new jobs while many wait; \"off\" for nothing. Those that were accepted are never dropped.");
        public static readonly Setting Kept = new("retention", Retention.Shape, "How long jobs that have ended are kept. Those that have not ended are kept in any case.");
        public static readonly Setting<Durability> Durable = new(
            "durable", ServiceScalars.Durable,
            "What the record of each send outlives, of runs too: \"process\", or \"power\", which puts it on disk before the send, all that begin at once together. Jobs that were accepted outlive both.", "\"process\"");
        public static readonly Setting<TimeSpan> Drain = new(
            "drain", Scalars.Duration, "How long what is in flight may take when the service is told to stop.", Seconds(JobsConfiguration.Default.Drain));

        public static readonly Group Shape = new([Queue, Store, Workers, Most, Pressure, Kept, Durable, Drain, QueueSettings.All]);
    }

    public static readonly Setting ServeGroup = new("serve", Serve.Shape, "How the service is reached, and whom it sends for.");
    public static readonly Setting JobsGroup = new("jobs", Jobs.Shape, "How the service keeps its jobs.");

    /// <summary>Whether a pointer, in any case, leads into them.</summary>
    public static bool Has(string pointer) =>
        pointer.Split('/') is [_, var name, ..] && (name.Equals(ServeGroup.Name, StringComparison.OrdinalIgnoreCase) || name.Equals(JobsGroup.Name, StringComparison.OrdinalIgnoreCase));

    private static string Number(long value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan value) => value.TotalSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
