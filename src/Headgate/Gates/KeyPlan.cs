using Headgate.Limits;

namespace Headgate.Gates;

/// <summary>The limits of some keys of a limiter, and a bench on which one key after the other is laid to be looked at. Owned by the lock of its dispatcher.</summary>
internal sealed class KeyPlan
{
    private readonly Func<KeyPlan, KeyGate> _create;
    private KeyGate? _bench;

    public KeyPlan(int id, string text, Limit[] limits, Func<KeyPlan, KeyGate> create)
    {
        (Id, Text, Limits, _create) = (id, text, limits, create);
        Unused = Bench.Save(null, this) ?? throw new InvalidOperationException("a limit never used is too large to be laid down");
    }

    public int Id { get; }

    /// <summary>The limits as written, by which plans alike are known; empty for those of the limiter, which change.</summary>
    public string Text { get; }

    public Limit[] Limits { get; }

    /// <summary>How many keys have these limits, be it that they are remembered or that they were given them.</summary>
    public int Keys { get; set; }

    /// <summary>What has taken its place, and when; its keys follow one by one, as of that time.</summary>
    public (KeyPlan Plan, long At)? Replaced { get; set; }

    /// <summary>A key never used, laid down.</summary>
    public long[] Unused { get; }

    public KeyGate Bench => _bench ??= _create(this);

    /// <summary>A key gets the bench as its own, with what lies there; the next one gets another.</summary>
    public KeyGate GiveBench()
    {
        var given = Bench;
        _bench = null;
        return given;
    }
}
