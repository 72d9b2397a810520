using System.Text.Json;
using static Headgate.Configuration.ConfigurationBinder;

namespace Headgate.Configuration;

/// <summary>Makes the records of what only the service has.</summary>
/// <param name="directory">What paths in a file are relative to.</param>
/// <param name="current">What all other paths are relative to.</param>
internal sealed class ServiceBinder(string directory, string current)
{
    /// <summary>
    /// Writes down what follows of what was said: queue and store are in one place where only one of them was named, and less is kept in memory.
    /// Listings show it so, with the origin of what it follows from.
    /// </summary>
    public static void Complete(ConfigurationNode root)
    {
        if (root.Member(ServiceSettings.JobsGroup.Name) is not { Kind: JsonValueKind.Object } jobs)
            return;
        var (queue, store) = (jobs.Member(ServiceSettings.Jobs.Queue.Name), jobs.Member(ServiceSettings.Jobs.Store.Name));
        if ((store ?? queue) is not { } kept)
            return;
        jobs.SetMember(ServiceSettings.Jobs.Queue.Name, queue ?? kept);
        jobs.SetMember(ServiceSettings.Jobs.Store.Name, kept);
        var (name, bytes) = (ServiceSettings.Jobs.Kept.Name, ServiceSettings.Retention.Bytes.Name);
        if (kept.Text != $"{JobPlace.Memory}" || jobs.Member(name)?.Member(bytes) is not null)
            return;
        var retention = jobs.Member(name) ?? new ConfigurationNode(JsonValueKind.Object, ConfigurationNode.Below(jobs.Pointer, name), kept.Origin);
        jobs.SetMember(name, retention);
        if (retention.Kind == JsonValueKind.Object)
            retention.SetMember(bytes, new ConfigurationNode(JsonValueKind.String, ConfigurationNode.Below(retention.Pointer, bytes), kept.Origin, ByteSize.Format(RetentionConfiguration.BytesInMemory)));
    }

    public ServeConfiguration BindServe(ConfigurationNode? node)
    {
        var usual = ServeConfiguration.Default;
        return new ServeConfiguration
        {
            Listen = node?.Member(ServiceSettings.Serve.Listen.Name) is { } listen ? ServiceSettings.Serve.ListenShape.Read(listen) : usual.Listen,
            MetricsListen = Value(node, ServiceSettings.Serve.MetricsListen, null!),
            Data = Value(node, ServiceSettings.Serve.Data, null!) is { } data ? Absolute(node!, ServiceSettings.Serve.Data, data) : usual.Data,
            Hold = Value(node, ServiceSettings.Serve.Hold, usual.Hold),
            AllowAddresses = node?.Member(ServiceSettings.Serve.AllowAddresses.Name) is { } allowed ? ServiceSettings.Serve.AllowAddressesShape.Read(allowed) : usual.AllowAddresses,
            UpRoot = Value(node, ServiceSettings.Serve.UpRoot, null!),
            ProxyListen = Value(node, ServiceSettings.Serve.ProxyListen, null!),
            ProxyUpgrade = node?.Member(ServiceSettings.Serve.ProxyUpgrade.Name) is { } upgrade ? ServiceSettings.Serve.ProxyUpgradeShape.Read(upgrade) : usual.ProxyUpgrade,
            ProxyIdle = Value(node, ServiceSettings.Serve.ProxyIdle, usual.ProxyIdle),
            CacheDisk = Value(node, ServiceSettings.Serve.CacheDisk, usual.CacheDisk),
            Access = new AccessBinder(directory, current).Bind(node),
        };
    }

    public JobsConfiguration BindJobs(ConfigurationNode? node)
    {
        var usual = JobsConfiguration.Default;
        return new JobsConfiguration
        {
            Queue = BindPlace(node, ServiceSettings.Jobs.Queue) ?? usual.Queue,
            Store = BindPlace(node, ServiceSettings.Jobs.Store) ?? usual.Store,
            Workers = (int)Value(node, ServiceSettings.Jobs.Workers, usual.Workers),
            Most = Value(node, ServiceSettings.Jobs.Most, usual.Most),
            Backpressure = node?.Member(ServiceSettings.Jobs.Pressure.Name) is { } pressure ? BindBackpressure(pressure) : usual.Backpressure,
            Retention = BindRetention(node?.Member(ServiceSettings.Jobs.Kept.Name)),
            Durable = Value(node, ServiceSettings.Jobs.Durable, usual.Durable),
            Drain = Value(node, ServiceSettings.Jobs.Drain, usual.Drain),
            Queues = QueueSettings.Bind(node),
        };
    }

    private static BackpressureConfiguration? BindBackpressure(ConfigurationNode node) => node.Kind == JsonValueKind.String ? null : new BackpressureConfiguration
    {
        Threshold = Value(node, ServiceSettings.Backpressure.Threshold, BackpressureConfiguration.Default.Threshold),
        Act = Value(node, ServiceSettings.Backpressure.Act, BackpressureConfiguration.Default.Act),
    };

    private static RetentionConfiguration BindRetention(ConfigurationNode? node) => new()
    {
        Age = Value(node, ServiceSettings.Retention.Age, RetentionConfiguration.Default.Age),
        Bytes = Value(node, ServiceSettings.Retention.Bytes, RetentionConfiguration.Default.Bytes),
    };

    private JobPlace? BindPlace(ConfigurationNode? node, Setting<JobPlace> setting) => Value(node, setting, null!) switch
    {
        { Path: { } path } place => place with { Path = Absolute(node!, setting, path) },
        var place => place,
    };

    private string Absolute(ConfigurationNode group, Setting setting, string path) =>
        Path.GetFullPath(path, group.Member(setting.Name)!.Origin.Source == ValueSource.File ? directory : current);
}
