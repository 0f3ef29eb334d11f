//go:build present && kubernetes_1_36

package main

import (
	"context"

	"k8s.io/klog/v2"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/images/pullmanager"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
)

func load(loader configfiles.Loader) (*kubeletconfig.KubeletConfiguration, error) {
	return loader.Load(context.Background())
}

func recordsAccessor(root string) (pullmanager.PullRecordsAccessor, error) {
	files, err := pullmanager.NewFSPullRecordsAccessor(klog.Background(), root)
	if err != nil {
		return nil, err
	}
	return pullmanager.NewCachedPullRecordsAccessor(klog.Background(), files, 220, 550, 10), nil
}
