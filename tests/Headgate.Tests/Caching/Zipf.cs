namespace Headgate.Tests.Caching;

/// <summary>Keys as they are asked for where few are asked for often: the n-th with a weight of 1/n to a power.</summary>
internal sealed class Zipf
{
    private readonly double[] _upTo;
    private readonly Random _random;

    public Zipf(int keys, double power, Random random)
    {
        (_upTo, _random) = (new double[keys], random);
        var sum = 0.0;
        for (var key = 0; key < keys; key++)
            _upTo[key] = sum += Math.Pow(key + 1, -power);
    }

    public int Next() => Array.BinarySearch(_upTo, _random.NextDouble() * _upTo[^1]) is var at && at < 0 ? ~at : at;
}
